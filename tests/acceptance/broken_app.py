"""The shipped backend with bugs put into it; each bug raises or logs an exception that contains the whole request.

gunicorn imports this instead of `postledger.bootstrap.backend`. The bugs are where real ones would be: in a use case, a
library, a background greenlet, and outside of Falcon.
"""

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent

from postledger.ingest.receive import ReceivePostback, Reply
from postledger.platform.server.wsgi_exchange import ByListener
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refusal
from tests.parts import patient_app

WSGIEnvironment = dict[str, Any]


def throw(request: Request) -> None:
    """A service that cannot go on."""
    raise RuntimeError(f"cannot receive {request}")


def throw_chained(request: Request) -> None:
    """Two exceptions, both with the request in them, and arguments that a traceback with locals would show."""
    try:
        float(request.query)
    except ValueError as error:
        raise LookupError(request.query, request.body) from error


def die_elsewhere(request: Request) -> None:
    """A greenlet that dies of the request, with the request as its argument."""
    gevent.spawn(throw, request).join()


def log_elsewhere(request: Request) -> None:
    """A library that logs what it was given, under a name that is not ours."""
    logging.getLogger("some.library").error("cannot parse %s", request, exc_info=ValueError(request.query))
    logging.getLogger("psycopg.pool").warning("discarding closed connection after %s", request.query)


def warn(request: Request) -> None:
    """A library that warns."""
    warnings.warn(f"deprecated value in {request}", DeprecationWarning, stacklevel=2)
    warnings.warn(f"odd value in {request}", UserWarning, stacklevel=2)


def die_unraisably(request: Request) -> None:
    """An exception in a place from which none can be raised."""

    class Fragile:
        def __del__(self) -> None:
            raise RuntimeError(f"cannot clean up {request}")

    Fragile()


BUGS: dict[str, Callable[[Request], None]] = {
    "bug-throw": throw,
    "bug-chained": throw_chained,
    "bug-greenlet": die_elsewhere,
    "bug-log": log_elsewhere,
    "bug-warning": warn,
    "bug-unraisable": die_unraisably,
}
OUTSIDE_FALCON = ("bug-wsgi", "bug-midway")


class BrokenApp:
    """The shipped applications with bugs around them, where Falcon catches nothing."""

    def __init__(self, app: ByListener) -> None:
        self._app, self.close = app, app.close

    def __call__(self, environment: WSGIEnvironment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        bug = environment["PATH_INFO"].rpartition("/")[2]
        if bug == "bug-wsgi":
            raise RuntimeError(f"cannot handle {environment}")
        if bug == "bug-midway":
            return _break_midway(environment, start_response)
        return self._app(environment, start_response)


def _break_midway(environment: WSGIEnvironment, start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Length", "100")])
    yield b"{"
    raise RuntimeError(f"cannot finish {environment}")


def create() -> BrokenApp:
    """Make the application that the shipped factory makes, and break it."""
    receive = ReceivePostback.__call__

    def receive_or_fail(self: ReceivePostback, slug: str, request: Request, unread: Refusal | None = None) -> Reply:
        if slug in BUGS:
            BUGS[slug](request)
        return receive(self, slug, request, unread)

    ReceivePostback.__call__ = receive_or_fail  # type: ignore[method-assign]
    return BrokenApp(patient_app.create())
