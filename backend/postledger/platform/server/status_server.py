"""Serves `/healthz` and `/metrics` of a worker, or of the sandbox, on the loopback interface."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gevent.pywsgi import WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_JSON = "application/json"
_PORT = re.compile(r":\d+$")
_OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")


class StatusApplication:
    """A WSGI application. `find_failing` names the part that fails, or returns None."""

    def __init__(self, render: Callable[[], bytes], find_failing: Callable[[], str | None]) -> None:
        self._render, self._find_failing = render, find_failing

    def __call__(self, environment: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        status, kind, body = self._find_answer(environment)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [] if environment["REQUEST_METHOD"] == "HEAD" else [body]

    def _find_answer(self, environment: "WSGIEnvironment") -> tuple[str, str, bytes]:
        path, name = environment.get("PATH_INFO"), _PORT.sub("", str(environment.get("HTTP_HOST", "")))
        if name not in _OWN_NAMES:  # a page whose name was made to lead here, read by the browser of an operator
            return "421 Misdirected Request", _JSON, b'{"status":"misdirected"}'
        if environment["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return "405 Method Not Allowed", _JSON, b'{"status":"method not allowed"}'
        if path == "/metrics":
            return "200 OK", _METRICS, self._render()
        if path != "/healthz":
            return "404 Not Found", _JSON, b'{"status":"not found"}'
        failing = self._find_failing()
        if failing is None:
            return "200 OK", _JSON, b'{"status":"ok"}'
        return "503 Service Unavailable", _JSON, b'{"status":"unavailable","failing":"%b"}' % failing.encode()


class StatusServer:
    """Answers in a greenlet of its own."""

    def __init__(self, port: int, render: Callable[[], bytes], find_failing: Callable[[], str | None]) -> None:
        # Its own logs contain addresses and tracebacks.
        application = StatusApplication(render, find_failing)
        self._server = WSGIServer(("127.0.0.1", port), application, log=None, error_log=None)

    def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.stop(timeout=0)
