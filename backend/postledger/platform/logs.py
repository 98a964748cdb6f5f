"""The backend's log: one line for each event, built so that nothing that a sender wrote can appear in it.

Postledger's own messages are written for the log and are logged whole. A message of a library may quote a request
(gunicorn logs whole URIs, exceptions carry values), so only its origin and the type of its exception are logged.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType

_OWN = "postledger"
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
_log = logging.getLogger(f"{_OWN}.process")


class ScrubbingFormatter(logging.Formatter):
    """Formats Postledger's records and harmless ones of libraries; the message of every other record is withheld."""

    def __init__(self, master_id: int | None = None) -> None:
        """`master_id` is the process id of gunicorn's master, which reads no request, so that its messages are safe."""
        super().__init__(_FORMAT)
        self._master_id = master_id

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; a traceback's text is never part of it."""
        return super().format(self.scrub(record))

    def scrub(self, record: logging.LogRecord) -> logging.LogRecord:
        """Copy a record without its traceback, and without a message that may quote a request."""
        scrubbed = logging.makeLogRecord(record.__dict__)
        scrubbed.exc_info, scrubbed.exc_text, scrubbed.stack_info = None, None, None
        if not self._is_harmless(record):
            scrubbed.msg, scrubbed.args = _withhold(record), ()
        return scrubbed

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
    """Many libraries put an exception into the message, as psycopg's pool does when Postgres is down."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    return next((type(argument) for argument in arguments if isinstance(argument, BaseException)), None)


def tell_where(trace: TracebackType | None) -> str:
    """Return where something happened: function and line of each frame, the innermost first, without any value."""
    frames = traceback.extract_tb(trace) if trace else traceback.extract_stack(limit=12)
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))


def silence_python() -> None:
    """Log uncaught exceptions instead of printing them, because their text may hold a request."""
    sys.excepthook = lambda kind, _, trace: log_death("process", kind, trace)
    threading.excepthook = lambda death: log_death("thread", death.exc_type, death.exc_traceback)
    sys.unraisablehook = lambda death: log_death("finalizer", death.exc_type, death.exc_traceback)


def log_death(what: str, kind: type[BaseException], trace: TracebackType | None) -> None:
    """Log that a process, thread, finalizer or greenlet ended by an exception."""
    _log.error("a %s died: type=%s at=%s", what, kind.__name__, tell_where(trace))
