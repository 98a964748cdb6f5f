"""Routes what gunicorn and gevent print through the scrubbed log of the process.

Both print exceptions, and an exception may quote a request. This module depends on internals of both libraries.
"""

import logging
import os
from types import TracebackType
from typing import Any

import gevent
from gunicorn.glogging import Logger

from postledger.platform.logs import ScrubbingFormatter, log_death, silence_python


class GunicornLogger(Logger):
    """Gunicorn's logger with the scrubbing formatter, for every logger of the process.

    It writes no access log, because the edge writes one.
    """

    access_log_enabled = False

    def setup(self, cfg: Any) -> None:
        """Set every logger up on one stream, and log what Python itself would print."""
        super().setup(cfg)
        handler = logging.StreamHandler()
        handler.setFormatter(ScrubbingFormatter(master_id=os.getpid()))  # before any worker exists
        self.error_log.handlers = [handler]
        logging.getLogger().handlers = [handler]
        logging.getLogger("postledger").setLevel(logging.INFO)
        logging.captureWarnings(capture=True)
        silence_python()


def silence_hub() -> None:
    """Replace gevent's report of a dead greenlet, whose arguments and exception may hold a request."""
    gevent.get_hub().handle_error = _log_dead_greenlet  # type: ignore[method-assign, assignment]


def _log_dead_greenlet(_: object, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):  # with these a greenlet ends the process
        gevent.get_hub().handle_system_error(kind, error, trace)
    elif not issubclass(kind, gevent.GreenletExit):
        log_death("greenlet", kind, trace)
