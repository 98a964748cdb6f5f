"""The request log: a JSON line for each answered request, written ten times a second.

Apart from the process' own log because it is read by programs, and because a line of it must cost a microsecond or two:
encoded once, no lock, one write for many. What was gathered when a worker is killed is lost; the audit row is not.
"""

import logging
import os
from pathlib import Path

import msgspec

_MODE = 0o640
_log = logging.getLogger("postledger.requests")


class RequestLog:
    """Appends events to a file, which is opened anew for each write: whoever rotates it need not tell anybody."""

    def __init__(self, path: Path) -> None:
        self._path, self._is_failing = path, False
        self._encode, self._lines = msgspec.json.Encoder().encode_into, bytearray()

    def add(self, event: msgspec.Struct) -> None:
        """Make an event a line, which waits for the next write."""
        self._encode(event, self._lines, -1)
        self._lines += b"\n"

    def write(self) -> None:
        """Write the lines. A disk that takes nothing more costs the lines, and never a request."""
        lines, self._lines = self._lines, bytearray()
        if not lines:
            return
        try:
            _append(self._path, lines)
        except OSError as error:
            if not self._is_failing:
                _log.error("the request log cannot be written, its lines are lost: %s", error.strerror)
            self._is_failing = True
        else:
            self._is_failing = False


def _append(path: Path, content: bytearray) -> None:
    # One write, at the end as it is then: workers share the file, and no line of one may end up in another's.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)
