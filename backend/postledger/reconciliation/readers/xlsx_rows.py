"""Reads the first sheet of an Excel file. A formula is its value. Numbers come as numbers, so that lost digits show."""

import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from postledger.reconciliation.readers.rows import BadFile, Rows
from postledger.reconciliation.rules.cells import Cell

MOST_BYTES = 1 << 30
"""The most that the parts of the file may hold unpacked: a small file can unpack to any size."""


def read_xlsx(file: IO[bytes], skip_rows: int = 0) -> Rows:
    """Read the first sheet. Empty rows are no rows. Raises `BadFile`."""
    _check_size(file)
    try:
        rows = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).iter_rows()
    except (CalamineError, IndexError):
        raise BadFile("is not an Excel file (.xlsx) with a sheet") from None
    numbered = (
        (line_no, cells) for line_no, cells in enumerate(rows, 1) if line_no > skip_rows and any(map(_is_filled, cells))
    )
    header = next(numbered, None)
    if header is None:
        raise BadFile("has no header")
    names = [str(name).strip() if _is_filled(name) else "" for name in header[1]]
    while not names[-1]:  # each row is as wide as the widest of the sheet
        names.pop()
    return Rows(names, _make_narrow(numbered, len(names)))


def _check_size(file: IO[bytes]) -> None:
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(file).infolist())
    except zipfile.BadZipFile:
        raise BadFile("is not an Excel file (.xlsx)") from None
    if unpacked > MOST_BYTES:
        raise BadFile(f"unpacks to more than {MOST_BYTES >> 30} GiB")
    file.seek(0)


def _is_filled(cell: object) -> bool:
    return cell not in (None, "")


def _make_narrow(rows: Iterator[tuple[int, list[Any]]], width: int) -> Iterator[tuple[int, Sequence[Cell]]]:
    for line_no, cells in rows:
        yield line_no, cells if any(map(_is_filled, cells[width:])) else cells[:width]
