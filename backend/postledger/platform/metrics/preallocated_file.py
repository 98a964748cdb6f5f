"""Gives prometheus-client's metric files their blocks before it maps them.

When the file system is full, a write to a mapped page without a block kills the process (SIGBUS). Here a full file
system fails in one place: the file's next growth. Its values then stay in memory, and move to the file with room.
"""

import logging
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict, values

_INITIAL_BYTES = 1 << 16
_in_memory: list["PreallocatedFile"] = []
_Library: Any = mmap_dict.MmapedDict  # it has no types
_log = logging.getLogger("postledger.metrics")


def preallocate_files() -> None:
    """Make the library use preallocated files; call it once, before any metric is made."""
    values.MmapedDict = PreallocatedFile  # type: ignore[attr-defined]


def return_to_files() -> None:
    """Move values that are in memory to their files, as far as there is room."""
    for values_in_memory in tuple(_in_memory):
        values_in_memory.return_to_file()


def remove_files(directory: Path) -> None:
    """Remove the files of an earlier run, and nothing else that is there."""
    for file in _list_files(directory):
        file.unlink(missing_ok=True)


def _list_files(directory: Path) -> Iterable[Path]:
    return (*directory.glob("*.db"), *directory.glob("*.db.new"))


class PreallocatedFile(_Library):  # type: ignore[misc] # the library has no types
    """The values of one file. The library maps the file; its growth is replaced."""

    _f: Any

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        try:
            _create(Path(filename))
        except OSError:
            self._f, self._fname = None, filename
            self._m, self._capacity = mmap.mmap(-1, _INITIAL_BYTES), _INITIAL_BYTES
            self._positions: dict[str, int] = {}
            self._used = 8
            mmap_dict._pack_integer(self._m, 0, self._used)
            self._leave_file()
        else:
            super().__init__(filename, read_mode)

    def _init_value(self, key: str) -> None:
        """Add a value. There is room for it afterwards, so the library does not grow the file itself."""
        needed = self._used + _longest_entry(key)
        while self._capacity < needed:
            self._grow(self._capacity * 2)
        super()._init_value(key)

    def _grow(self, capacity: int) -> None:
        if self not in _in_memory:
            try:
                os.posix_fallocate(self._f.fileno(), 0, capacity)
            except OSError:
                self._leave_file()
            else:
                self._m, self._capacity = mmap.mmap(self._f.fileno(), capacity), capacity
                return
        grown = mmap.mmap(-1, capacity)
        grown[: self._capacity] = self._m[:]
        self._m, self._capacity = grown, capacity

    def _leave_file(self) -> None:
        _in_memory.append(self)
        _log.error("%s cannot grow: its metrics stay in memory, and a scrape misses them", self._name())

    def _name(self) -> str:
        return Path(self._fname).name

    def return_to_file(self) -> None:
        """Copy the values to the file, if there is room, and use it from now on."""
        with suppress(OSError):
            file = Path(self._fname)
            if self._f is None or not file.exists():
                _create(file, self._capacity)
                self._f = file.open("r+b")
            else:
                os.posix_fallocate(self._f.fileno(), 0, self._capacity)
            mapped = mmap.mmap(self._f.fileno(), self._capacity)
            mapped[8:] = self._m[8:]
            mapped[:8] = self._m[:8]  # the size comes last: a scrape must not read what is not there yet
            self._m = mapped
            _in_memory.remove(self)
            _log.info("%s has room again: its metrics are in the file", self._name())

    def close(self) -> None:
        """Close the file; values in memory are given up."""
        with suppress(ValueError):
            _in_memory.remove(self)
        super().close()


def _create(file: Path, size_bytes: int = _INITIAL_BYTES) -> None:
    """Create the file with all its blocks. Under another name first: a scrape must never read an empty file."""
    if file.exists():
        return
    new = file.with_suffix(".db.new")
    try:
        with new.open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, size_bytes)
        new.rename(file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _longest_entry(key: str) -> int:
    """Bytes of an entry: a length, the padded key, the value and its time."""
    return 4 + len(key.encode()) + 8 + 16
