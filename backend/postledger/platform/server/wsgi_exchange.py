"""One exchange with the edge: a parsed request becomes a WSGI environment, the application's answer one write.

Gunicorn's own way serves any application to anybody: it dates, checks and streams each answer, which was a quarter of a
busy worker's time. Ours serves one that answers in one piece, to an edge on a unix socket that writes `Date` itself.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.http.wsgi import base_environ
from gunicorn.util import unquote_to_wsgi_str

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

STARTED_S = "postledger.started_s"
"""Where the environment says when a request had come, in seconds of the performance counter."""

_BARE = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}  # the two that WSGI writes without HTTP_


def lay_ground(cfg: Any) -> dict[str, Any]:
    """Give the part of the environment that is the same for every request of a worker."""
    return {
        **base_environ(cfg),
        "wsgi.multithread": True,
        "wsgi.url_scheme": "http",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "backend",
        "SERVER_PORT": "80",
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "",
    }


def exchange(application: Application, ground: dict[str, Any], request: Any, client: Any, *, closes: bool) -> None:
    """Have a request answered, in one write if the socket takes it; raises `OSError` when the edge is gone."""
    answer = _Answer(closes=closes)
    body = b"".join(application(_write_environment(ground, request), answer.start))
    octets = answer.head + body
    sent = client.send(octets)
    if sent < len(octets):
        client.sendall(octets[sent:])


def _write_environment(ground: dict[str, Any], request: Any) -> dict[str, Any]:
    environment = {
        **ground,
        STARTED_S: time.perf_counter(),
        "wsgi.input": request.body,
        "REQUEST_METHOD": request.method,
        "RAW_URI": request.uri,
        "QUERY_STRING": request.query,
        "PATH_INFO": unquote_to_wsgi_str(request.path),
    }
    for name, value in request.headers:  # upper case, and without underscores: gunicorn refuses those
        variable = _BARE.get(name) or "HTTP_" + name.replace("-", "_")
        environment[variable] = f"{environment[variable]},{value}" if variable in environment else value
    return environment


class _Answer:
    """The head of an answer, once the application has told it."""

    __slots__ = ("_closes", "head")

    def __init__(self, *, closes: bool) -> None:
        self._closes = closes
        self.head = b""

    def start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        """Take what WSGI calls `start_response`; raises `ValueError` for a value that would end its line."""
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if self._closes:
            lines.append("Connection: close")
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("a header with a line break")
        self.head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
