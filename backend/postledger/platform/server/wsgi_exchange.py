"""Serves one parsed request: builds the WSGI environment, calls the application, and writes the response at once.

Gunicorn's own code serves any application to any client. It dates, checks and streams each response, which took a
quarter of a busy worker's time. This one serves applications that answer in one piece to an edge on a unix socket; the
edge adds `Date` itself.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import base_environ
from gunicorn.util import unquote_to_wsgi_str

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

STARTED_S = "postledger.started_s"
"""Key of the environment: when the request arrived, in seconds of the performance counter."""

LISTENER = "postledger.listener"
"""Key of the environment: the path of the unix socket that accepted the connection, or address and port."""

BODY_FAULTS = (OSError, ParseException)
"""What gunicorn raises when a body's chunks, or the header fields after them, cannot be read, or it ends too early."""

CLOSE = ("connection", "close")
"""The header field by which an application ends the connection, because the start of the next request is unknown."""

_BARE = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}  # the two that WSGI writes without HTTP_


class ByListener:
    """A WSGI application that passes each request to the application of the socket that accepted it.

    A socket that is not in `others` gets `default`, so that a mistake never opens the other applications.
    """

    def __init__(self, default: Application, others: Mapping[Any, Application], close: Callable[[], None]) -> None:
        self._default, self._others, self.close = default, others, close

    def __call__(self, environment: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        return self._others.get(environment[LISTENER], self._default)(environment, start_response)


def make_base_environment(cfg: Any, listener: str) -> dict[str, Any]:
    """Build the part of the WSGI environment that is the same for every request of a listener."""
    return {
        **base_environ(cfg),
        LISTENER: listener,
        "wsgi.multithread": True,
        "wsgi.url_scheme": "http",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "backend",
        "SERVER_PORT": "80",
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "",
    }


def exchange(application: Application, base: dict[str, Any], request: Any, client: Any, *, closes: bool) -> bool:
    """Answer a request, in one write if the socket takes it; return whether the connection ends with it.

    Raises `OSError` if the edge has closed the connection.
    """
    return respond(application, _make_environment(base, request), client, closes=closes)


def respond(application: Application, environment: dict[str, Any], client: Any, *, closes: bool) -> bool:
    """Answer the request of an environment as `exchange` does."""
    response = _Response(closes=closes)
    body = b"".join(application(environment, response.start))
    octets = response.head + body
    sent = client.send(octets)
    if sent < len(octets):
        client.sendall(octets[sent:])
    return response.closes


def _make_environment(base: dict[str, Any], request: Any) -> dict[str, Any]:
    environment = {
        **base,
        STARTED_S: time.perf_counter(),
        "wsgi.input": request.body,
        "REQUEST_METHOD": request.method,
        "RAW_URI": request.uri,
        "QUERY_STRING": request.query,
        "PATH_INFO": unquote_to_wsgi_str(request.path),
    }
    for name, value in request.headers:  # upper case, and without underscores, because gunicorn refuses those
        variable = find_variable(name)
        environment[variable] = f"{environment[variable]},{value}" if variable in environment else value
    return environment


def find_variable(name: str) -> str:
    """Find the variable of the WSGI environment that has the value of a header field, whose name is in upper case."""
    return _BARE.get(name) or "HTTP_" + name.replace("-", "_")


class _Response:
    """The head of a response, once the application has called `start`."""

    __slots__ = ("closes", "head")

    def __init__(self, *, closes: bool) -> None:
        self.closes = closes
        self.head = b""

    def start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        """WSGI's `start_response`; raises `ValueError` if a header contains a line break."""
        lines = [f"HTTP/1.1 {status}", *[f"{name}: {value}" for name, value in headers]]
        if self.closes:
            lines.append("Connection: close")
        self.closes = self.closes or CLOSE in headers
        head = "\r\n".join(lines)
        breaks = len(lines) - 1
        if head.count("\n") != breaks or head.count("\r") != breaks:
            raise ValueError("a header with a line break")
        self.head = (head + "\r\n\r\n").encode("latin-1")
