"""Reads what waits after the ledger: changes, deliveries, publications, tasks, unmapped money.

Every worker reads it each five seconds, therefore each statement is bounded, whatever has piled up.
"""

from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
from psycopg import Connection

from postledger.metrics.notification_metrics import NotificationBacklog
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.metrics")

OUTBOX_COUNTED = 10_000
"""Beyond this the number of waiting changes is Postgres' estimate."""
DELIVERIES_COUNTED = 100_000
PUBLICATIONS_COUNTED = 100_000
UNMAPPED_COUNTED = 5_000
EXPORTS_COUNTED = 10_000
TASKS_COUNTED = 10_000
APPROVALS_COUNTED = 100_000
NOTIFICATIONS_COUNTED = 10_000
_DAY_S = 86_400.0


class ForwardBacklog(msgspec.Struct, frozen=True):
    """What waits for one forward, and the state of its circuit."""

    circuit: str
    waiting: int
    oldest_s: float


class ApprovalBacklog(msgspec.Struct, frozen=True):
    """How many requests wait for a person of one role, and the age of the oldest."""

    waiting: int
    oldest_s: float


class ExportBacklog(msgspec.Struct, frozen=True):
    """What waits for one target of exports, and what it has refused."""

    waiting: int
    oldest_s: float
    refused: int


class AuditState(msgspec.Struct, frozen=True):
    """The last entry of the audit chain, when it was in order for the last time, and what is wrong with it now."""

    seq: int
    verified_at: datetime | None
    fault: str | None


class Backlog(msgspec.Struct, frozen=True):
    """What waits, and what the last check of the books found.

    `rates_age_s` is None as long as no rates were imported, `rates_max_age_s` without `[finance]`.
    """

    outbox_waiting: int
    outbox_age_s: float
    changes_set_aside: int
    publications_waiting: int
    publications_age_s: float
    forwards: dict[str, ForwardBacklog]
    unmapped: dict[str, int]
    tasks_waiting: dict[str, int]
    tasks_dead: dict[str, int]
    rates_age_s: float | None
    rates_max_age_s: float | None
    broken_invariants: dict[str, int]
    approvals: dict[str, ApprovalBacklog]
    audit: AuditState
    exports: dict[str, ExportBacklog]
    notifications: dict[str, NotificationBacklog]
    read_at: datetime


def read_backlog(connection: Connection[Any]) -> Backlog:
    """Read what waits, as of now."""
    now = read_clock(connection)
    ((waiting, oldest, set_aside),) = connection.execute(sql("measure_outbox"), {"limit": OUTBOX_COUNTED}).fetchall()
    ((unpublished, oldest_unpublished),) = connection.execute(
        sql("measure_publications"), {"limit": PUBLICATIONS_COUNTED}
    ).fetchall()
    tasks = connection.execute(sql("measure_tasks"), {"limit": TASKS_COUNTED}).fetchall()
    return Backlog(
        outbox_waiting=waiting,
        outbox_age_s=_age_s(oldest, now),
        changes_set_aside=set_aside,
        publications_waiting=unpublished,
        publications_age_s=_age_s(oldest_unpublished, now),
        forwards=_read_forwards(connection, now),
        unmapped=dict(connection.execute(sql("measure_unmapped"), {"limit": UNMAPPED_COUNTED}).fetchall()),
        tasks_waiting={name: count for name, count, _ in tasks},
        tasks_dead={name: count for name, _, count in tasks},
        rates_age_s=_read_rates_age_s(connection, now),
        rates_max_age_s=_read_rates_max_age_s(connection),
        broken_invariants=dict(connection.execute(sql("read_invariants")).fetchall()),
        approvals=_read_approvals(connection, now),
        audit=_read_audit(connection),
        exports=_read_exports(connection, now),
        notifications=_read_notifications(connection, now),
        read_at=now,
    )


def _read_forwards(connection: Connection[Any], now: datetime) -> dict[str, ForwardBacklog]:
    rows = connection.execute(sql("measure_forwards"), {"limit": DELIVERIES_COUNTED}).fetchall()
    return {slug: ForwardBacklog(circuit, waiting, _age_s(oldest, now)) for slug, circuit, waiting, oldest in rows}


def _read_approvals(connection: Connection[Any], now: datetime) -> dict[str, ApprovalBacklog]:
    rows = connection.execute(sql("measure_approvals"), {"limit": APPROVALS_COUNTED}).fetchall()
    return {role: ApprovalBacklog(waiting, _age_s(oldest, now)) for role, waiting, oldest in rows}


def _read_exports(connection: Connection[Any], now: datetime) -> dict[str, ExportBacklog]:
    rows = connection.execute(sql("measure_exports"), {"limit": EXPORTS_COUNTED}).fetchall()
    return {slug: ExportBacklog(waiting, _age_s(oldest, now), refused) for slug, waiting, oldest, refused in rows}


def _read_notifications(connection: Connection[Any], now: datetime) -> dict[str, NotificationBacklog]:
    rows = connection.execute(sql("measure_notifications"), {"limit": NOTIFICATIONS_COUNTED}).fetchall()
    return {channel: NotificationBacklog(waiting, _age_s(oldest, now)) for channel, waiting, oldest in rows}


def _read_audit(connection: Connection[Any]) -> AuditState:
    ((seq, verified_at, fault),) = connection.execute(sql("measure_audit")).fetchall()
    return AuditState(seq, verified_at, fault)


def _read_rates_age_s(connection: Connection[Any], now: datetime) -> float | None:
    ((newest,),) = connection.execute(sql("measure_rates")).fetchall()
    return None if newest is None else _age_s(_start_of(newest), now)


def _read_rates_max_age_s(connection: Connection[Any]) -> float | None:
    row = connection.execute(sql("read_rates_max_age")).fetchone()
    return None if row is None or row[0] is None else row[0] * _DAY_S


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _age_s(then: datetime | None, now: datetime) -> float:
    # A backend's clock may be ahead of Postgres'.
    return 0.0 if then is None else max((now - then).total_seconds(), 0.0)
