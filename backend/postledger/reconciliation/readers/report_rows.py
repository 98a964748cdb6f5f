"""Reads the rows of a network's report, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import IO, TYPE_CHECKING

from postledger.reconciliation.readers.csv_rows import read_csv
from postledger.reconciliation.readers.json_rows import find_keys, read_json
from postledger.reconciliation.readers.rows import Rows
from postledger.reconciliation.rules.report_format import ReportFormat

if TYPE_CHECKING:
    from python_calamine import CalamineSheet


class ReportContent:
    """The content of a file that can be sought. An Excel file is opened once, however many formats try to read it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    @cached_property
    def sheet(self) -> CalamineSheet:
        """The first sheet of an Excel file. Raises `BadFile`."""
        # The other kinds need no reader of Excel files.
        from postledger.reconciliation.readers.xlsx_rows import open_sheet  # noqa: PLC0415

        return open_sheet(self.file)


def read_report_rows(content: ReportContent, report_format: ReportFormat) -> Rows:
    """Read the rows of a report. Raises `BadFile`."""
    file = content.file
    match report_format.kind:
        case "csv":
            return read_csv(file, report_format.delimiter, report_format.encoding, report_format.skip_rows)
        case "xlsx":
            from postledger.reconciliation.readers.xlsx_rows import read_xlsx  # noqa: PLC0415

            return read_xlsx(content.sheet, report_format.skip_rows)
        case "json":
            return read_json(file, list(report_format.columns.values()), report_format.rows)


def read_column_names(content: ReportContent, report_format: ReportFormat) -> Collection[str]:
    """Read the names of the columns, whatever the lines hold. Raises `BadFile`.

    JSON has no header: the names are those keys of the format that its first objects have.
    """
    file = content.file
    match report_format.kind:
        case "csv":
            return read_csv(
                file, report_format.delimiter, report_format.encoding, report_format.skip_rows, "replace"
            ).header
        case "xlsx":
            return read_report_rows(content, report_format).header
        case "json":
            return find_keys(file, list(report_format.columns.values()), report_format.rows)
