"""Gunicorn's gevent worker, changed in how it answers, what it says of what it cannot parse, and whom it waits for.

Gunicorn answers a request that it cannot parse with an HTML page, and logs a line, that both quote it; ours quote
nothing. And it waits for idle keep-alive connections until it is killed, before what was taken could be written.
"""

import os
import time
from types import FrameType
from typing import Any

import gevent
from gunicorn import util
from gunicorn.workers.ggevent import GeventWorker

from postledger.platform.server.wsgi_exchange import exchange, lay_ground
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt

HANG_UP_EVERY_S = 0.05
WATCH_IDLE_EVERY_S = 5
_HEAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class _Idle:
    """The connections between two requests, and since when; entered and left by the greenlet that serves one.

    One for all connections: a timer of its own for each wait cost a busy worker three hundredths of its time.
    """

    def __init__(self) -> None:
        self._since_s: dict[Any, float] = {}

    def __enter__(self) -> None:
        self._since_s[gevent.getcurrent()] = time.monotonic()

    def __exit__(self, *_: object) -> None:
        del self._since_s[gevent.getcurrent()]

    def hang_up(self, longer_than_s: float) -> None:
        """End the connections that have waited longer than that."""
        overdue_s = time.monotonic() - longer_than_s
        gevent.killall([greenlet for greenlet, since_s in self._since_s.items() if since_s <= overdue_s], block=False)


class Worker(GeventWorker):
    """Serves the backend."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle = _Idle()
        # Gunicorn looks a setting up through two layers, some twenty times a request; none of them ever changes.
        vars(self.cfg).update({name: setting.get() for name, setting in self.cfg.settings.items()})
        self._ground = lay_ground(self.cfg)

    def run(self) -> None:
        """Serve, and watch for connections that the edge forgot."""
        gevent.spawn(self._watch_idle)
        super().run()

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> bool:  # noqa: ARG002 - gunicorn's
        """Answer one request; raises `StopIteration` when the connection ends with it."""
        self.nr += 1
        self.alive = self.alive and self.nr < self.max_requests
        closes = not self.alive or req.should_close()
        exchange(self.wsgi, self._ground, req, sock, closes=closes)
        if closes:
            raise StopIteration
        return True

    def timeout_ctx(self) -> _Idle:  # type: ignore[override] # the stubs say None, and gunicorn enters it
        """Tell who waits for a connection's next request."""
        return self._idle

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: requests are answered to their end, idle connections end now."""
        super().handle_exit(sig, frame)
        gevent.spawn(self._hang_up)

    def _hang_up(self) -> None:
        while True:  # until the process ends, because connections go idle as their last requests are answered
            self._idle.hang_up(0)
            gevent.sleep(HANG_UP_EVERY_S)

    def _watch_idle(self) -> None:
        while True:
            gevent.sleep(WATCH_IDLE_EVERY_S)
            self._idle.hang_up(self.cfg.keepalive)

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
