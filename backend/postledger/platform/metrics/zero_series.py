"""Shows counters at zero in a file of its own, because Prometheus does not see the increase of a new series.

The library would keep two objects for each series in each process: 40 KiB for a source, and most of its series never
rise. The file has the library's format, and the library adds up the values of all files.
"""

import errno
import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import Counter
from prometheus_client.mmap_dict import mmap_key

_HEADER = struct.Struct("i4x")  # the number of bytes in use, these included
_PLACE = "\N{REPLACEMENT CHARACTER}"
_PLACE_IN_KEY = "\\ufffd"
_ZERO = bytes(16)  # the value and its time


class ZeroSeries:
    """The series that each value of a first label has: counters, each with the values of its other labels."""

    def __init__(self, series: Sequence[tuple[Counter, tuple[str, ...]]]) -> None:
        self._series = series
        self._keys = [_key_of(counter, (_PLACE, *others)) for counter, others in series]
        self._used, self._descriptor = _HEADER.size, -1

    def show(self, first: str) -> None:
        """Show the series of one more value. Without a file, or without room in it, they become objects."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            with suppress(OSError):
                self._append(b"".join(_pack(key.replace(_PLACE_IN_KEY, first)) for key in self._keys))
                return
        for counter, others in self._series:
            counter.labels(first, *others)

    def _append(self, entries: bytes) -> None:
        if self._descriptor < 0:
            self._descriptor = _create(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], f"counter_zeros{os.getpid()}.db"))
        # The header last: what a scrape reads meanwhile ends where it ended before.
        _write(self._descriptor, entries, self._used)
        _write(self._descriptor, _HEADER.pack(self._used + len(entries)), 0)
        self._used += len(entries)


def _create(path: Path) -> int:
    # A scrape fails on a file without a header, so the file gets its name when it has one.
    unfinished = path.with_suffix(".db.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        _write(descriptor, _HEADER.pack(_HEADER.size), 0)
        unfinished.rename(path)
    except OSError:
        os.close(descriptor)
        unfinished.unlink(missing_ok=True)
        raise
    return descriptor


def _write(descriptor: int, data: bytes, at: int) -> None:
    if os.pwrite(descriptor, data, at) < len(data):
        raise OSError(errno.ENOSPC, "no room")


def _key_of(counter: Counter, labels: tuple[str, ...]) -> str:
    names = list(counter._labelnames)
    return mmap_key(counter._name, f"{counter._name}_total", names, list(labels), counter._documentation)


def _pack(key: str) -> bytes:
    # An entry is a multiple of eight bytes long, and at least one blank ends its key, as the library has it.
    encoded = key.encode()
    return struct.pack("i", len(encoded)) + encoded + b" " * (8 - (len(encoded) + 4) % 8) + _ZERO
