"""Buffers the increments of prometheus-client in memory, and writes them together to the process's metric file.

Each write packs two numbers into a shared file, which takes about a microsecond, and an accepted postback increments
eight values. This module replaces the library's value class, which is not part of its public interface.
"""

import os
from typing import Any

from prometheus_client import values

from postledger.platform.metrics.preallocated_file import preallocate_files, return_to_files

_incremented: list[Any] = []


def buffer_values() -> None:
    """Make the library buffer; call it once, after the fork and before any metric is made.

    It also fixes the process id, because the library would ask the system for it at every write.
    """
    preallocate_files()
    process_id = os.getpid()
    values.ValueClass = _make_buffered(values.MultiProcessValue(lambda: process_id))


def flush_values() -> None:
    """Write all increments since the last call, and values that were kept in memory, if their file has room again."""
    return_to_files()
    for value in _incremented:
        value.flush()
    _incremented.clear()


def _make_buffered(file_value: Any) -> Any:
    class BufferedValue(file_value):  # type: ignore[misc] # the library creates its class at run time
        """A value whose increments wait for `flush`; `set`, which gauges use, writes at once."""

        _increment = 0.0

        def inc(self, amount: float) -> None:
            if not self._increment:
                _incremented.append(self)
            self._increment += amount

        def flush(self) -> None:
            super().inc(self._increment)
            self._increment = 0.0

    return BufferedValue
