"""The backend's log: one line an event, built so that nothing a sender wrote can appear in it.

Our own messages are written for the log and are told whole. Of other people's (gunicorn's, gevent's) only the place is
told when they could quote a request: gunicorn logs whole URIs, and exceptions carry values in their messages.
"""

import logging
import traceback
from types import TracebackType
from typing import Any

import gevent
from gunicorn.glogging import Logger

_OWN = "postledger"
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"


class ScrubbingFormatter(logging.Formatter):
    """Formats our records, and the harmless ones of others; of the rest it tells the place and the exception's type."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; a traceback is never part of it."""
        scrubbed = logging.makeLogRecord(record.__dict__)
        scrubbed.exc_info, scrubbed.exc_text, scrubbed.stack_info = None, None, None
        if not _is_harmless(record):
            scrubbed.msg, scrubbed.args = _place(record), ()
        return super().format(scrubbed)


def _is_harmless(record: logging.LogRecord) -> bool:
    if record.name.split(".")[0] == _OWN:
        return True
    arguments = record.args if isinstance(record.args, tuple) else (record.args,)
    return record.levelno < logging.WARNING or (bool(record.args) and all(isinstance(a, int) for a in arguments))


def _place(record: logging.LogRecord) -> str:
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "no exception"
    return f"message withheld, it may quote a request: {record.module}.{record.funcName}:{record.lineno} ({error})"


class GunicornLogger(Logger):
    """Gunicorn's logger with our formatter."""

    def setup(self, cfg: Any) -> None:
        """Set gunicorn's own log and ours up on the same stream."""
        super().setup(cfg)
        handler = logging.StreamHandler()
        handler.setFormatter(ScrubbingFormatter())
        self.error_log.handlers = [handler]
        own = logging.getLogger(_OWN)
        own.handlers, own.propagate = [handler], False
        own.setLevel(logging.INFO)


def silence_hub() -> None:
    """Replace gevent's printing of a dead greenlet, whose arguments and exception may hold a request."""
    gevent.get_hub().handle_error = _log_dead_greenlet  # type: ignore[method-assign, assignment]


def _log_dead_greenlet(_: object, kind: type[BaseException], __: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, (gevent.GreenletExit, KeyboardInterrupt, SystemExit)):
        return
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(trace)))
    logging.getLogger("postledger.greenlets").error("a greenlet died: type=%s at=%s", kind.__name__, where)
