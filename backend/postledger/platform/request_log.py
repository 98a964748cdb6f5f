"""The request log: one line of JSON for each answered request, written ten times a second.

Programs read it, so it is a file of its own. A line costs a microsecond or two: it is encoded once, without a lock, and
written together with others. A worker that is killed loses the lines of a tenth of a second, but no audit row.
"""

import logging
import os
from pathlib import Path

import msgspec

_MODE = 0o640
_log = logging.getLogger("postledger.requests")


class RequestLog:
    """Appends events to a file. It opens the file for each write, so that log rotation needs no signal."""

    def __init__(self, path: Path) -> None:
        self._path, self._is_failing = path, False
        self._encode, self._lines = msgspec.json.Encoder().encode_into, bytearray()

    def add(self, event: msgspec.Struct) -> None:
        """Encode an event as a line, which waits for the next write."""
        self._encode(event, self._lines, -1)
        self._lines += b"\n"

    def write(self) -> None:
        """Write the lines. If that fails, the lines are lost, and requests are not affected."""
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
    # One write at the current end, because workers share the file and their lines must not mix.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)
