"""Opens what a CSV file comes from: a file, a pipe, a FIFO or standard input, and compressed ones too."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 65536


class HeadedInput(io.RawIOBase):
    """A stream whose first bytes, up to the end of a line, were read already and are given again. It never seeks."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile) -> None:
        super().__init__()
        self._source, self._read = source, getattr(source, "read1", source.read)
        self.head = self._read_head()
        self._rest = self.head

    def _read_head(self) -> bytes:
        head = b""
        while len(head) < _HEAD_BYTES and b"\n" not in head and (more := self._read(_HEAD_BYTES)):
            head += more
        return head

    def readable(self) -> bool:
        """Return True, as its base class asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Give the head again, and then what follows it."""
        data = self._rest or self._read(len(buffer))
        given, self._rest = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


@contextmanager
def open_input(source: IO[bytes]) -> Iterator[HeadedInput]:
    """Open a stream, and decompress it if it begins as gzip does. Raises OSError or EOFError if that fails."""
    raw = HeadedInput(source)
    if not raw.head.startswith(_GZIP):
        yield raw
        return
    with gzip.open(io.BufferedReader(raw)) as decompressed:
        yield HeadedInput(decompressed)
