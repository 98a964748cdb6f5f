"""Contestant (s): Postledger with metrics and request log patched out, to measure what those two cost."""

from collections.abc import Callable

from postledger.bootstrap import backend
from postledger.platform.server.wsgi_exchange import ByListener


class Unmeasured:
    """Stands in for `Metrics`: every method of it does nothing."""

    def __init__(self, _: object) -> None:
        """Take the registry and make no metric in it."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return _discard


class Unobserved:
    """Stands in for `RequestObserver`."""

    def __init__(self, *_: object) -> None:
        """Take what the observer takes."""

    def process_response(self, *_: object) -> None:
        """Measure nothing and log nothing."""


def create() -> ByListener:
    """Build the shipped applications from the patched parts."""
    vars(backend).update(Metrics=Unmeasured, RequestObserver=Unobserved)
    return backend.create()


def _discard(*_: object, **__: object) -> None:
    return
