"""The log of a worker: one line of JSON for each event, without any value that a sender, a partner or a person wrote.

`extra={"fields": {...}}` of a log call adds fields. `EventLog` is for events of which there are thousands a second.
"""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from postledger.platform.logs import ScrubbingFormatter, silence_python


class JsonFormatter(ScrubbingFormatter):
    """Formats a record as one line of JSON. Messages of libraries are withheld, as in the log of the backend."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "event": self.scrub(record).getMessage(),
            "level": record.levelname.lower(),
            "part": record.name,
            "pid": record.process,
        }
        return msgspec.json.encode(line | getattr(record, "fields", {})).decode()


class EventLog:
    """Collects events and writes them together, each as one line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lines = descriptor, bytearray()
        self._encode = msgspec.json.Encoder().encode_into

    def add(self, event: msgspec.Struct) -> None:
        """Encode an event. It waits for the next write."""
        self._encode(event, self._lines, -1)
        self._lines += b"\n"

    def write(self) -> None:
        """Write the lines."""
        lines, self._lines = memoryview(self._lines), bytearray()
        while lines:
            lines = lines[os.write(self._descriptor, lines) :]


def log_as_json() -> EventLog:
    """Log every record of this process to stderr as JSON, and return the log for events."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().handlers = [handler]
    logging.getLogger("postledger").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    silence_python()
    return EventLog(sys.stderr.fileno())
