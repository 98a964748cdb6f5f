"""Looks into an Excel file before its reader does, which takes memory for all that the file claims to hold.

One cell in the last corner of a sheet makes the reader reserve a sheet of 17,000,000,000 cells, and ends the process.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from postledger.reconciliation.readers.rows import BadFile, TooLarge

MOST_BYTES = 1 << 30
"""The most that the parts of the file may hold unpacked. A report of 1,000,000 lines has a quarter of it."""
MOST_CELLS = 20_000_000
"""The most cells of a sheet, from its corner to its last row and column. The reader needs 35 bytes for an empty one."""
MOST_PACKED = 100
"""The most bytes that a byte may unpack to; honest sheets have about 8. Parts below `ANY_RATIO` bytes are harmless."""
ANY_RATIO = 10 << 20
_PORTION = 1 << 20
_LONGEST_TEXT = 1 << 18
"""The most bytes from one `<` to the next. Excel has at most 32,767 characters in a cell."""
_REFERENCE = re.compile(rb"""r\s*=\s*["']\s*([A-Za-z]*)([0-9]+)""")
"""Where a row or a cell says that it stands. The same in a text counts too, because to tell them apart takes long."""
_TAG = re.compile(rb"<(c|row|si)[\s/>]")
_TAG_WITH_PREFIX = re.compile(rb"<(?:[^\s<>/:]+:)?(c|row|si)[\s/>]")  # takes twice as long
_OTHER_KINDS = {"content.xml", "xl/workbook.bin"}


def check_xlsx(file: IO[bytes]) -> None:
    """Refuse what is no Excel file, or one that is too large. Raises `BadFile`."""
    if file.read(4) != b"PK\x03\x04":
        raise BadFile("is not an Excel file (.xlsx)")
    try:
        _check_archive(zipfile.ZipFile(file))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):  # RuntimeError: encrypted, or packed otherwise
        raise BadFile("is not an Excel file (.xlsx)") from None
    file.seek(0)


def _check_archive(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if _OTHER_KINDS & {part.filename.lower() for part in parts}:
        raise BadFile("is another kind of table; store it as an Excel file (.xlsx)")
    if sum(part.file_size for part in parts) > MOST_BYTES:
        raise TooLarge(f"unpacks to more than {MOST_BYTES >> 20} MiB")
    for part in parts:
        _check_part(archive, part)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    sheet = _Sheet()
    for portion in _cut(_unpack(archive, part)):
        sheet.add(portion)
        sheet.check()


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    declared, unpacked = part.file_size, 0
    part.file_size = MOST_BYTES + 1  # the size is the word of the file: read to the real end
    with archive.open(part) as opened:
        while portion := opened.read(_PORTION):
            unpacked += len(portion)
            if unpacked > declared:
                raise TooLarge("unpacks to more than it says")
            if unpacked > max(ANY_RATIO, part.compress_size * MOST_PACKED):
                raise TooLarge(f"unpacks to more than {MOST_PACKED} times its size")
            yield portion


def _cut(portions: Iterator[bytes]) -> Iterator[bytes]:
    """Cut before a `<`, so that each tag is whole."""
    rest = b""
    for portion in portions:
        joined = rest + portion
        end = joined.rfind(b"<")
        if end == 0 and len(joined) > _LONGEST_TEXT:
            raise TooLarge("has a text that is longer than any of Excel")
        yield joined[:end] if end >= 0 else joined
        rest = joined[end:] if end >= 0 else b""
    yield rest


class _Sheet:
    """What a part has of rows and cells. Those that do not say where they stand follow the one before."""

    def __init__(self) -> None:
        self._last_row, self._last_column, self._widest = 0, 0, 0
        self._rows, self._cells, self._strings = 0, 0, 0
        self._placed_rows, self._placed_cells = 0, 0
        self._row = 0

    def add(self, portion: bytes) -> None:
        found = _REFERENCE.findall(portion)
        letters = [each for each, _ in found]
        self._placed_rows += (placed := letters.count(b""))
        self._placed_cells += len(found) - placed
        self._last_row = max(self._last_row, *(int(number[:8]) for number in {number for _, number in found}), 0)
        self._last_column = max(self._last_column, *map(_count_columns, set(letters)), 0)
        has_prefix = any(each in portion for each in (b":c", b":row", b":si"))
        self._add_tags(b"".join((_TAG_WITH_PREFIX if has_prefix else _TAG).findall(portion)))

    def _add_tags(self, tags: bytes) -> None:
        rows = tags.split(b"row")
        self._widest = max(self._widest, self._row + len(rows[0]), *map(len, rows[1:]), 0)
        self._row = len(rows[-1]) + (self._row if len(rows) == 1 else 0)
        self._rows += len(rows) - 1
        self._cells += tags.count(b"c")
        self._strings += tags.count(b"s")

    def check(self) -> None:
        rows = self._last_row + max(self._rows - self._placed_rows, 0)
        columns = self._last_column + (self._widest if self._cells > self._placed_cells else 0)
        if rows * columns > MOST_CELLS:
            raise TooLarge(
                f"has a sheet of {rows} rows and {columns} columns, more than {MOST_CELLS:,} cells;"
                " delete what stands far from the table"
            )
        if max(self._cells, self._strings) > MOST_CELLS:
            raise TooLarge(f"has more than {MOST_CELLS:,} cells")


def _count_columns(letters: bytes) -> int:
    number = 0
    for letter in letters[:8].upper():
        number = number * 26 + letter - 64
    return number
