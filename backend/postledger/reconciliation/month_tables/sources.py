"""Reads the sources of a month: the report that counts, the money of both sides, and the work items by class."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from postledger.finance.rules.bill_amounts import add
from postledger.reconciliation.month_tables.reading import MonthReader, Row, as_structs
from postledger.reconciliation.rules.month import Bridge, ClassTotal, ReportFile, Run, SideTotals, SourceMonth

_MATCHED = "matched"


def read_sources(month: MonthReader, runs: Sequence[Run]) -> tuple[SourceMonth, ...]:
    """Read the sources of a month."""
    classes = month.rows("month_classes")
    return tuple(
        _read_source(month, row, find_run(runs, "report", row["slug"]), classes) for row in month.rows("month_sources")
    )


def find_run(runs: Iterable[Run], kind: str, name: str) -> Run | None:
    """Find the newest run of a source or an account that came to its end."""
    return next((run for run in runs if (run.kind, run.name, run.state) == (kind, name, "done")), None)


def _read_source(month: MonthReader, row: Row, run: Run | None, classes: Iterable[Row]) -> SourceMonth:
    bridge = () if run is None else as_structs(Bridge, month.rows("month_bridge", run_id=run.id))
    return SourceMonth(
        source=row["slug"],
        name=row["name"],
        file=None if row["file_id"] is None else _as_file(row),
        run=run,
        totals=tuple(_sum_up(currency, list(rows)) for currency, rows in groupby(bridge, lambda each: each.currency)),
        bridge=bridge,
        classes=as_structs(ClassTotal, (each for each in classes if each["source_id"] == row["id"])),
        is_expected=row["is_expected"],
    )


def _as_file(row: Row) -> ReportFile:
    (file,) = as_structs(ReportFile, [row | {"id": row["file_id"]}])
    return file


def _sum_up(currency: str, rows: Sequence[Bridge]) -> SideTotals:
    return SideTotals(
        currency=currency,
        conversions=sum(row.conversions for row in rows),
        ledger=add(row.ledger for row in rows),
        lines=sum(row.lines for row in rows),
        report=add(row.report for row in rows),
        matched=add(row.report for row in rows if row.item_class == _MATCHED),
    )
