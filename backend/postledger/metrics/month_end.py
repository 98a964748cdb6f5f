"""Reads how far the month's end has got: statements, work items, and runs of `reconcile`.

Statements are imported by commands, therefore the worker counts them in the tables.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.metrics")

ITEMS_COUNTED = 20_000


class ItemBacklog(msgspec.Struct, frozen=True):
    """How many work items of one class are in each state, and since when the oldest waits for us."""

    numbers: Mapping[str, int]
    waiting_since: datetime | None


class LastRun(msgspec.Struct, frozen=True):
    """When the newest run of a kind ended, and how long it took."""

    ended_at: datetime
    took_s: float


class MonthEnd(msgspec.Struct, frozen=True):
    """What is on record. `faults` are those of `faulty`, the statements that were not known before."""

    statements: Mapping[tuple[str, str], int]
    faulty: Collection[str]
    faults: Mapping[tuple[str, str], int]
    overdue: Mapping[str, bool]
    unproven: Mapping[str, int]
    items: Mapping[str, ItemBacklog]
    runs: Mapping[str, LastRun]
    unreconciled_since: Mapping[str, datetime]
    read_at: datetime


def read_month_end(connection: Connection[Any], known: Collection[str], now: datetime) -> MonthEnd:
    """Read it. The faults of the statements `known` were counted before."""
    found = {statement_id for (statement_id,) in connection.execute(sql("find_faulty_statements"))}
    faulty, at = found.difference(known), {"now": now}
    return MonthEnd(
        statements={(kind, result): number for kind, result, number in connection.execute(sql("measure_statements"))},
        faulty=faulty,
        faults=_read_faults(connection, faulty),
        overdue=dict(connection.execute(sql("measure_overdue_statements"), at).fetchall()),
        unproven=dict(connection.execute(sql("measure_unproven_statements")).fetchall()),
        items=_read_items(connection),
        runs={kind: LastRun(*run) for kind, *run in connection.execute(sql("measure_runs"))},
        unreconciled_since=dict(connection.execute(sql("measure_unreconciled"), at).fetchall()),
        read_at=now,
    )


def _read_faults(connection: Connection[Any], faulty: Collection[str]) -> dict[tuple[str, str], int]:
    if not faulty:
        return {}
    rows = connection.execute(sql("measure_faults"), {"ids": list(faulty)})
    return {(kind, reason): number for kind, reason, number in rows}


def _read_items(connection: Connection[Any]) -> dict[str, ItemBacklog]:
    rows = connection.execute(sql("measure_discrepancies"), {"limit": ITEMS_COUNTED}).fetchall()
    return {
        name: ItemBacklog(
            {state: number for klass, state, number, _ in rows if klass == name},
            min((since for klass, _, _, since in rows if klass == name and since is not None), default=None),
        )
        for name in {klass for klass, *_ in rows}
    }
