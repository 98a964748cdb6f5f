"""Serves `/healthz` and `/metrics` of a worker on the loopback interface."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gevent.pywsgi import WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_JSON = "application/json"


class StatusServer:
    """Answers in a greenlet of its own. `find_failing` names the part that fails, or returns None."""

    def __init__(self, port: int, render: Callable[[], bytes], find_failing: Callable[[], str | None]) -> None:
        self._render, self._find_failing = render, find_failing
        # Its own logs contain addresses and tracebacks.
        self._server = WSGIServer(("127.0.0.1", port), self._answer, log=None, error_log=None)

    def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.stop(timeout=0)

    def _answer(self, environment: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        status, kind, body = self._find_answer(str(environment.get("PATH_INFO")))
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _find_answer(self, path: str) -> tuple[str, str, bytes]:
        if path == "/metrics":
            return "200 OK", _METRICS, self._render()
        if path != "/healthz":
            return "404 Not Found", _JSON, b'{"status":"not found"}'
        failing = self._find_failing()
        if failing is None:
            return "200 OK", _JSON, b'{"status":"ok"}'
        return "503 Service Unavailable", _JSON, b'{"status":"unavailable","failing":"%b"}' % failing.encode()
