"""Reads the first sheet of an Excel file. A formula is its value. Numbers come as numbers, so that lost digits show."""

from collections.abc import Iterator, Sequence
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from postledger.reconciliation.readers.rows import BadFile, Rows
from postledger.reconciliation.readers.xlsx_check import check_xlsx
from postledger.reconciliation.rules.cells import Cell


def open_sheet(file: IO[bytes]) -> CalamineSheet:
    """Open the first sheet. It takes memory for all of its cells, and seconds if it is large. Raises `BadFile`."""
    check_xlsx(file)
    try:
        return CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
    except (CalamineError, IndexError):
        raise BadFile("is not an Excel file (.xlsx) with a sheet") from None


def read_xlsx(sheet: CalamineSheet, skip_rows: int = 0) -> Rows:
    """Read a sheet. Empty rows are no rows. Raises `BadFile`."""
    numbered = (
        (line_no, cells)
        for line_no, cells in enumerate(sheet.iter_rows(), 1)
        if line_no > skip_rows and any(map(_is_filled, cells))
    )
    header = next(numbered, None)
    if header is None:
        raise BadFile("has no header")
    names = [str(name).strip() if _is_filled(name) else "" for name in header[1]]
    while not names[-1]:  # each row is as wide as the widest of the sheet
        names.pop()
    return Rows(names, _make_narrow(numbered, len(names)))


def _is_filled(cell: object) -> bool:
    return cell not in (None, "")


def _make_narrow(rows: Iterator[tuple[int, list[Any]]], width: int) -> Iterator[tuple[int, Sequence[Cell]]]:
    for line_no, cells in rows:
        yield line_no, cells if any(map(_is_filled, cells[width:])) else cells[:width]
