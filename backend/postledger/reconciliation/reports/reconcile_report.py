"""Reconciles the report of a source and a month with the ledger: what each line is, and what must be looked at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.items.found_items import create_found_items, key_prefix, settle_items
from postledger.reconciliation.plans import joined_by_hash
from postledger.reconciliation.reports.compared_report import ComparedReport, find_report
from postledger.reconciliation.reports.passes import compare, drop_tables
from postledger.reconciliation.runs import Run, begin_run, finish_run, recorded_failure
from postledger.reconciliation.statement_store import find_source

sql = statements_of("postledger.reconciliation")

OnProgress = Callable[[float, float | None], None]
Sums = list[dict[str, Any]]
"""By class and currency: number, stake, and what counts of the ledger and of the report. Amounts are texts."""


def reconcile_report(
    connection: Connection[Any],
    source: str,
    period: date,
    *,
    as_of: datetime | None,
    actor: str,
    on_progress: OnProgress,
) -> tuple[Run, Sums]:
    """Compare the report that counts with the ledger as it was `as_of`; by default as it was at the import.

    A locked month is compared with the ledger of now: what differs is work for after the lock. Raises `NotFound`, or
    `NotPossible` if the same source and month is being reconciled.
    """
    source_id, now = find_source(connection, source), read_clock(connection)
    if (report := find_report(connection, source_id, source, period)) is None:
        return _end_items(connection, source_id, period, actor, now), []
    as_of = as_of or _choose_moment(connection, report, period, now)
    run = begin_run(
        connection, "report", source_id, period,
        as_of=as_of, actor=actor, now=now, statement_id=report.statement_id,
    )  # fmt: skip
    with recorded_failure(connection, run), _temporary_tables(connection):
        sums = _run(connection, run, report, now, on_progress)
        finish_run(connection, run, sums, read_clock(connection))
    return run, sums


def _end_items(connection: Connection[Any], source_id: int, period: date, actor: str, now: datetime) -> Run:
    """The report was taken out, so none of its differences is there any more."""
    run = begin_run(connection, "report", source_id, period, as_of=now, actor=actor, now=now)
    with recorded_failure(connection, run):
        create_found_items(connection)
        settle_items(connection, run, now)
        finish_run(connection, run, [], read_clock(connection))
    return run


def _choose_moment(connection: Connection[Any], report: ComparedReport, period: date, now: datetime) -> datetime:
    is_locked = connection.execute(sql("is_locked"), (period,)).fetchone() == (True,)
    return now if is_locked else report.imported_at


@contextmanager
def _temporary_tables(connection: Connection[Any]) -> Iterator[None]:
    connection.execute(sql("tune_session"))
    drop_tables(connection)
    create_found_items(connection)
    yield
    drop_tables(connection)
    connection.execute(sql("reset_session"))


def _run(connection: Connection[Any], run: Run, report: ComparedReport, now: datetime, on_progress: OnProgress) -> Sums:
    values = _list_values(run, report, now)
    compare(connection, values, is_restated=report.is_restated, on_pass=on_progress)
    with joined_by_hash(connection):
        connection.execute(sql("delete_old_matches"), values)
        connection.execute(sql("write_matches"), values)
    settle_items(connection, run, now)
    with joined_by_hash(connection), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("sum_classes")).fetchall()


def _list_values(run: Run, report: ComparedReport, now: datetime) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(report),
        **msgspec.structs.asdict(run),
        "earliest": report.earliest,
        "latest": report.latest,
        "absolute": report.tolerance.absolute,
        "percent": report.tolerance.percent,
        "prefix": key_prefix(run.kind, run.scope, run.period),
        "now": now,
    }
