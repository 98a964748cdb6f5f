"""The request log: a JSON line for each answered request, gathered and written a few dozen at a time.

Apart from the process' own log because it is read by programs, and because a line of it must cost a few microseconds:
encoded once, no lock, one write for many. What was gathered when a worker is killed is lost; the audit row is not.
"""

import logging
import os
from pathlib import Path

import gevent
import msgspec

LINES_AT_ONCE = 64
FLUSH_EVERY_S = 0.5
_MODE = 0o640
_log = logging.getLogger("postledger.requests")


class RequestLog:
    """Appends events to a file, which is opened anew for each write: whoever rotates it need not tell anybody."""

    def __init__(self, path: Path) -> None:
        self._path, self._lines, self._is_failing = path, list[bytes](), False
        self._encode = msgspec.json.Encoder().encode
        self._flusher = gevent.spawn(self._flush_for_ever)

    def write(self, event: msgspec.Struct) -> None:
        """Take one event; it is in the file within half a second."""
        self._lines.append(self._encode(event))
        if len(self._lines) >= LINES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered. A disk that takes nothing more costs the lines, and never a request."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            _append(self._path, b"\n".join(lines) + b"\n")
        except OSError as error:
            if not self._is_failing:
                _log.error("the request log cannot be written, its lines are lost: %s", error.strerror)
            self._is_failing = True
        else:
            self._is_failing = False

    def close(self) -> None:
        """Write the last lines."""
        self._flusher.kill()
        self.flush()

    def _flush_for_ever(self) -> None:
        while True:
            gevent.sleep(FLUSH_EVERY_S)
            self.flush()


def _append(path: Path, content: bytes) -> None:
    # One write, at the end as it is then: workers share the file, and no line of one may end up in another's.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)
