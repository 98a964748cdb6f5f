"""Gunicorn's gevent worker with four changes: how it reads, how it answers, how it refuses, and how it stops.

Plain requests are read by `plain_requests`. The first other one of a connection, and all that follow, are gunicorn's.

Gunicorn answers a request that it cannot parse with an HTML page and a log entry, and both quote the request. This
worker quotes nothing. When gunicorn stops, it waits for idle keep-alive connections until it is killed, and what was
taken is not written. This worker closes idle connections first.
"""

import logging
import os
import re
import time
from collections.abc import Callable
from traceback import walk_tb
from types import FrameType
from typing import Any

import gevent
from gunicorn import util
from gunicorn.workers.ggevent import GeventWorker

from postledger.platform.server.plain_requests import RECEIVE_BYTES, read_plain
from postledger.platform.server.wsgi_exchange import exchange, make_base_environment, respond
from postledger.vocabulary.receipt import ENTROPY_BYTES, is_receipt, make_receipt

_log = logging.getLogger(__name__)
CLOSE_IDLE_EVERY_S = 0.05
WATCH_IDLE_EVERY_S = 5
LOG_UNPARSABLE_EVERY_S = 10
_HEAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Idle:
    """The connections that are between two requests, and since when; the greenlet of a connection enters and leaves.

    It is one object for all connections, because a timer for each wait took 3 % of a busy worker's time.
    """

    def __init__(self) -> None:
        self._since_s: dict[Any, float] = {}

    def __enter__(self) -> None:
        self._since_s[gevent.getcurrent()] = time.monotonic()

    def __exit__(self, *_: object) -> None:
        del self._since_s[gevent.getcurrent()]

    def close(self, longer_than_s: float) -> None:
        """Have the connections closed that are idle for longer than that when the hub comes to it.

        Those that are idle now may have a request by then. Its row would be written, and its answer lost.
        """
        gevent.get_hub().loop.run_callback(self._close, longer_than_s)

    def _close(self, longer_than_s: float) -> None:
        # In the hub, where no other greenlet can run between the look and the end of the greenlet.
        overdue_s = time.monotonic() - longer_than_s
        for greenlet in [one for one, since_s in self._since_s.items() if since_s <= overdue_s]:
            greenlet.throw(gevent.GreenletExit)


class ReadAgain:
    """A socket whose first bytes were read already: it gives them once more."""

    def __init__(self, client: Any, unread: bytes) -> None:
        self._client, self._unread = client, unread

    def recv(self, most: int) -> bytes:
        """Give what was read already, then what comes."""
        if not self._unread:
            return bytes(self._client.recv(most))
        given, self._unread = self._unread[:most], self._unread[most:]
        return given

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Worker(GeventWorker):
    """Serves the backend."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle = Idle()
        # Gunicorn looks a setting up through two layers, some twenty times a request; none of them ever changes.
        vars(self.cfg).update({name: setting.get() for name, setting in self.cfg.settings.items()})
        self._bases: dict[Any, dict[str, Any]] = {}
        self._unparsable = Unparsable(time.monotonic)

    def run(self) -> None:
        """Serve, and close connections that the edge has forgotten."""
        listeners = [socket.getsockname() for socket in self.sockets]
        self._bases = {listener: make_base_environment(self.cfg, listener) for listener in listeners}
        gevent.spawn(self._watch_idle)
        super().run()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection, until it ends."""
        client.setblocking(1)
        try:
            unread = self._serve_plain(self._bases[listener.getsockname()], client)
        except (OSError, gevent.GreenletExit):
            unread = b""
        except BaseException as error:
            self.handle_error(None, client, addr, error)
            unread = b""
        if unread:
            super().handle(listener, ReadAgain(client, unread), addr)  # type: ignore[arg-type] # it serves as a socket
        else:
            util.close(client)

    def _serve_plain(self, base: dict[str, Any], client: Any) -> bytes:
        """Answer plain requests, and return what was read of one that is not plain; nothing if the connection ends."""
        while True:
            with self._idle:
                octets: bytes = client.recv(RECEIVE_BYTES)
            environment = read_plain(base, octets)
            if environment is None:
                return octets
            if respond(self.wsgi, environment, client, closes=self._count_request()):
                return b""

    def _count_request(self) -> bool:
        """Count a request, and return whether the worker ends with it."""
        self.nr += 1
        self.alive = self.alive and self.nr < self.max_requests
        return not self.alive

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> bool:  # noqa: ARG002 - gunicorn's
        """Answer one request; raises `StopIteration` if the connection ends with it."""
        closes = self._count_request() or req.should_close()
        if exchange(self.wsgi, self._bases[listener_name], req, sock, closes=closes):
            raise StopIteration
        return True

    def timeout_ctx(self) -> Idle:  # type: ignore[override] # the stubs say None, and gunicorn enters it
        """Return the context in which gunicorn waits for a connection's next request."""
        return self._idle

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: running requests are answered to the end, idle connections are closed now."""
        super().handle_exit(sig, frame)
        gevent.spawn(self._close_idle)

    def _close_idle(self) -> None:
        while True:  # until the process ends, because connections become idle as their last requests are answered
            self._idle.close(0)
            gevent.sleep(CLOSE_IDLE_EVERY_S)

    def _watch_idle(self) -> None:
        while True:
            gevent.sleep(WATCH_IDLE_EVERY_S)
            self._idle.close(self.cfg.keepalive)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's
        """Answer 400 and close the connection, because the start of the next request is unknown."""
        if isinstance(exc, gevent.GreenletExit):
            return
        count = self._unparsable.note()
        if count:
            _log.warning("%d requests could not be parsed, the last one: %s", count, type(exc).__name__)
        receipt = find_receipt(exc).encode()
        body = b'{"status":"refused","id":"%b","reason":"malformed","cause":"request_head"}' % receipt
        try:
            util.write_nonblock(client, _HEAD % len(body) + body)
        except OSError:
            self.log.debug("the client closed the connection before the answer")


class Unparsable:
    """Samples the log entries about requests that cannot be parsed, because any client can cause them."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._count, self._next_s = 0, 0.0

    def note(self) -> int:
        """Count one request. Return how many were not logged yet if it is time to log them, else 0."""
        self._count += 1
        now_s = self._clock_s()
        if now_s < self._next_s:
            return 0
        count, self._count, self._next_s = self._count, 0, now_s + LOG_UNPARSABLE_EVERY_S
        return count


_RECEIPT = re.compile(rb"\r\nX-Request-Id: ([0-9a-f-]{36})\r\n", re.IGNORECASE)


def find_receipt(error: BaseException) -> str:
    """Find the edge's receipt of a request that the parser refused, or make one.

    The parser keeps no request then, but its frame still has the bytes. The edge writes its own headers first.
    """
    for frame, _ in walk_tb(error.__traceback__):
        data = frame.f_locals.get("data")
        found = _RECEIPT.search(data) if isinstance(data, bytes) else None
        if found and is_receipt(found[1].decode()):
            return found[1].decode()
    return make_receipt(time.time_ns() // 1_000_000, os.urandom(ENTROPY_BYTES))
