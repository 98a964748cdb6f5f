"""Reads the sources of a month: the report that counts, the money of both sides, and the work items by class."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from postledger.reconciliation.month_tables.reading import MonthReader, Row, as_structs
from postledger.reconciliation.rules.month import ClassTotal, ReportFile, Run, SideTotals, SourceMonth

_NOTHING = {"ledger_conversions": 0, "ledger": Decimal(0), "report_lines": 0, "report": Decimal(0)} | {
    "matched_lines": 0, "matched": Decimal(0),
}  # fmt: skip


class Side(msgspec.Struct, frozen=True):
    """As which moment, and in which zone, the ledger is read for a source."""

    as_of: datetime
    zone: str


def read_sources(month: MonthReader, runs: Sequence[Run], books: Side) -> tuple[SourceMonth, ...]:
    """Read the sources of a month. Without a run or a report, the ledger is read as the `books` say."""
    classes = month.rows("month_classes")
    return tuple(
        _read_source(month, row, find_run(runs, "report", row["slug"]), classes, books)
        for row in month.rows("month_sources")
    )


def _read_source(month: MonthReader, row: Row, run: Run | None, classes: Iterable[Row], books: Side) -> SourceMonth:
    file = None if row["file_id"] is None else _as_file(row)
    as_of = run.as_of if run is not None else file.imported_at if file is not None else books.as_of
    side = Side(as_of, books.zone if file is None else file.timezone)
    return SourceMonth(
        source=row["slug"],
        name=row["name"],
        file=file,
        run=run,
        totals=_read_totals(month, row["id"], file, side),
        classes=as_structs(ClassTotal, (each for each in classes if each["source_id"] == row["id"])),
        is_expected=row["is_expected"],
    )


def find_run(runs: Iterable[Run], kind: str, name: str) -> Run | None:
    """Find the newest run of a source or an account that came to its end."""
    return next((run for run in runs if (run.kind, run.name, run.state) == (kind, name, "done")), None)


def _as_file(row: Row) -> ReportFile:
    (file,) = as_structs(ReportFile, [row | {"id": row["file_id"]}])
    return file


def _read_totals(month: MonthReader, source_id: int, file: ReportFile | None, side: Side) -> tuple[SideTotals, ...]:
    since, until = month.span(ZoneInfo(side.zone))
    of_ledger = month.rows("month_ledger", source_id=source_id, as_of=side.as_of, since=since, until=until)
    of_report = [] if file is None else month.rows("month_report_lines", statement_id=file.id)
    found: dict[str, Row] = {}
    for row in (*of_ledger, *of_report):
        found.setdefault(row["currency"], dict(_NOTHING)).update(row)
    return as_structs(SideTotals, (found[currency] for currency in sorted(found)))
