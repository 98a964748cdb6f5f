"""Gunicorn's gevent worker, changed in how it speaks of what it cannot parse and how it lets go of idle connections.

Gunicorn answers a request that it cannot parse with an HTML page, and logs a line, that both quote it; ours quote
nothing. And it waits for idle keep-alive connections until it is killed, before what was taken could be written.
"""

import os
import time
from types import FrameType, TracebackType
from typing import Any, Literal, Self

import gevent
from gunicorn import util
from gunicorn.workers.ggevent import GeventWorker

from postledger.domain.receipt import ENTROPY_BYTES, make_receipt

HANG_UP_EVERY_S = 0.05
_HEAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class _Idle(gevent.Timeout):
    """The time-out of a connection between two requests, which also knows who is waiting in it."""

    def __init__(self, seconds: float, idle: set[Any]) -> None:
        super().__init__(seconds, False)  # type: ignore[arg-type] # gevent's way to say: end without an exception
        self._idle = idle

    def __enter__(self) -> Self:
        self._idle.add(gevent.getcurrent())
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[True] | None:
        self._idle.discard(gevent.getcurrent())
        return super().__exit__(kind, error, trace)


class _OneWrite:
    """A client's socket that holds an answer's head back until its body is there, so that the edge is woken once."""

    def __init__(self, client: Any) -> None:
        self._client, self._head = client, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, data: bytes) -> None:
        """Send the head with what follows it; gunicorn writes a head in one piece."""
        if data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n"):
            self._head = data
        else:
            self._client.sendall(self._head + data)
            self._head = b""

    def flush(self) -> None:
        """Send a head that no body followed."""
        if self._head:
            self.sendall(b"")


class Worker(GeventWorker):
    """Serves the backend."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle: set[Any] = set()
        # Gunicorn looks a setting up through two layers, some twenty times a request; none of them ever changes.
        vars(self.cfg).update({name: setting.get() for name, setting in self.cfg.settings.items()})

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection of the edge."""
        super().handle(listener, _OneWrite(client), addr)  # type: ignore[arg-type]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> bool:
        """Answer one request."""
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            sock.flush()

    def timeout_ctx(self) -> _Idle:  # type: ignore[override] # the stubs say None, and gunicorn enters it
        """Bound the wait for a connection's next request."""
        return _Idle(self.cfg.keepalive, self._idle)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: requests are answered to their end, idle connections end now."""
        super().handle_exit(sig, frame)
        gevent.spawn(self._hang_up)

    def _hang_up(self) -> None:
        while True:  # until the process ends, because connections go idle as their last requests are answered
            gevent.killall(list(self._idle), block=False)
            gevent.sleep(HANG_UP_EVERY_S)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's
        """Answer as the contract has it; the connection ends, because nobody knows where the next request begins."""
        if isinstance(exc, gevent.GreenletExit):
            return
        self.log.warning("a request could not be parsed: %s", type(exc).__name__)
        receipt = make_receipt(time.time_ns() // 1_000_000, os.urandom(ENTROPY_BYTES))
        body = b'{"status":"refused","id":"%b","reason":"malformed"}' % receipt.encode()
        try:
            util.write_nonblock(client, _HEAD % len(body) + body)
        except OSError:
            self.log.debug("the sender was gone before the answer")
