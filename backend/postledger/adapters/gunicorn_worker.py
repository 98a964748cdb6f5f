"""Gunicorn's gevent worker with one change: what it says about a request that it cannot parse.

Gunicorn answers such a request with an HTML page, and logs a line, that both quote it; ours quote nothing.
"""

import os
import time
from typing import Any

from gunicorn import util
from gunicorn.workers.ggevent import GeventWorker

from postledger.domain.receipt import ENTROPY_BYTES, make_receipt

_HEAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Worker(GeventWorker):
    """Serves the backend."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's
        """Answer as the contract has it; the connection ends, because nobody knows where the next request begins."""
        self.log.warning("a request could not be parsed: %s", type(exc).__name__)
        receipt = make_receipt(time.time_ns() // 1_000_000, os.urandom(ENTROPY_BYTES))
        body = b'{"status":"refused","id":"%b","reason":"malformed"}' % receipt.encode()
        try:
            util.write_nonblock(client, _HEAD % len(body) + body)
        except OSError:
            self.log.debug("the sender was gone before the answer")
