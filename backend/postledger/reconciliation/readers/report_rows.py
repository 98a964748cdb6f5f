"""Reads the rows of a network's report, whatever kind of file it is."""

from typing import IO

from postledger.reconciliation.readers.csv_rows import read_csv
from postledger.reconciliation.readers.json_rows import read_json
from postledger.reconciliation.readers.rows import Rows
from postledger.reconciliation.rules.report_format import ReportFormat


def read_report_rows(file: IO[bytes], report_format: ReportFormat) -> Rows:
    """Read the rows of a file that can be sought. Raises `BadFile`."""
    match report_format.kind:
        case "csv":
            return read_csv(file, report_format.delimiter, report_format.encoding, report_format.skip_rows)
        case "xlsx":
            # The other kinds need no reader of Excel files.
            from postledger.reconciliation.readers.xlsx_rows import read_xlsx  # noqa: PLC0415

            return read_xlsx(file, report_format.skip_rows)
        case "json":
            return read_json(file, list(report_format.columns.values()), report_format.rows)
