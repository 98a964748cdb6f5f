"""The backend's log: one line an event, built so that nothing a sender wrote can appear in it.

Our own messages are written for the log and are told whole. Of other people's (gunicorn's, gevent's, any library's)
only the place is told when they could quote a request: gunicorn logs whole URIs, and exceptions carry values in their
messages.
"""

import logging
import os
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

import gevent
from gunicorn.glogging import Logger

_OWN = "postledger"
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
_log = logging.getLogger(f"{_OWN}.process")


class ScrubbingFormatter(logging.Formatter):
    """Formats our records, and the harmless ones of others; of the rest it tells the place and the exception's type."""

    def __init__(self, master_id: int | None = None) -> None:
        """`master_id` is the process of gunicorn's master, which reads no request and may say what it likes."""
        super().__init__(_FORMAT)
        self._master_id = master_id

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; a traceback's text is never part of it."""
        scrubbed = logging.makeLogRecord(record.__dict__)
        scrubbed.exc_info, scrubbed.exc_text, scrubbed.stack_info = None, None, None
        if not self._is_harmless(record):
            scrubbed.msg, scrubbed.args = _withhold(record), ()
        return super().format(scrubbed)

    def _is_harmless(self, record: logging.LogRecord) -> bool:
        if record.name.split(".")[0] == _OWN:
            return True
        is_masters = record.process == self._master_id  # such as that a worker was killed, and by which signal
        return record.name == "gunicorn.error" and (record.levelno < logging.WARNING or is_masters)


def _withhold(record: logging.LogRecord) -> str:
    kind, _, trace = record.exc_info or (_find_kind(record), None, None)
    where = tell_where(trace) if trace else f"{record.funcName}:{record.lineno}"
    return f"message withheld, it may quote a request: type={kind.__name__ if kind else None} at={where}"


def _find_kind(record: logging.LogRecord) -> type[BaseException] | None:
    """Many libraries put an error into the message, as psycopg's pool does when Postgres is away."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    return next((type(argument) for argument in arguments if isinstance(argument, BaseException)), None)


def tell_where(trace: TracebackType | None) -> str:
    """Tell where something happened, innermost frame first, by function and line: never what was in it."""
    frames = traceback.extract_tb(trace) if trace else traceback.extract_stack(limit=12)
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))


class GunicornLogger(Logger):
    """Gunicorn's logger with our formatter, and everything else that a process may print sent the same way.

    There is no access log: the edge keeps the only one, so gunicorn need not ask at every request.
    """

    access_log_enabled = False

    def setup(self, cfg: Any) -> None:
        """Set every logger up on one stream, and catch what Python itself would print."""
        super().setup(cfg)
        handler = logging.StreamHandler()
        handler.setFormatter(ScrubbingFormatter(master_id=os.getpid()))  # before any worker is there
        self.error_log.handlers = [handler]
        logging.getLogger().handlers = [handler]
        logging.getLogger(_OWN).setLevel(logging.INFO)
        logging.captureWarnings(capture=True)
        silence_python()


def silence_python() -> None:
    """Replace the printing of exceptions that nobody caught: its text may hold a request."""
    sys.excepthook = lambda kind, _, trace: _log_death("process", kind, trace)
    threading.excepthook = lambda death: _log_death("thread", death.exc_type, death.exc_traceback)
    sys.unraisablehook = lambda death: _log_death("finalizer", death.exc_type, death.exc_traceback)


def silence_hub() -> None:
    """Replace gevent's printing of a dead greenlet, whose arguments and exception may hold a request."""
    gevent.get_hub().handle_error = _log_dead_greenlet  # type: ignore[method-assign, assignment]


def _log_dead_greenlet(_: object, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):  # a greenlet's way to end the process
        gevent.get_hub().handle_system_error(kind, error, trace)
    elif not issubclass(kind, gevent.GreenletExit):
        _log_death("greenlet", kind, trace)


def _log_death(what: str, kind: type[BaseException], trace: TracebackType | None) -> None:
    _log.error("a %s died: type=%s at=%s", what, kind.__name__, tell_where(trace))
