"""Creates the daily partitions of the audit table ahead of time, and drops them after the retention period.

Conversions are never touched, therefore a repeat is recognised however short the retention is.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

from postledger.platform.postgres.connection import set_lock_timeout
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.ledger")

DAYS_AHEAD = 7
MAKE_PARTITIONS_EVERY_S = 3600.0
_LOCK_ID = 0x64617973  # "days" in ASCII: one process at a time creates partitions
_LOCK_TIMEOUT_MS = 2000
_PARTITION = re.compile(r"postbacks_(\d{4})(\d{2})(\d{2})")


class Retained(NamedTuple):
    """The partitions that a run created and dropped, by name."""

    made: list[str]
    dropped: list[str]


class PartitionKeeper:
    """Creates the partitions of the next days once an hour, and reports the days that have a partition."""

    def __init__(self, on_days: Callable[[list[date]], None]) -> None:
        self._on_days, self._due_s = on_days, 0.0

    def tend(self, connection: Connection[Any]) -> None:
        """Create partitions if the hour is over."""
        if time.monotonic() < self._due_s:
            return
        make_partitions(connection, datetime.now(UTC))
        self._on_days(list_days(connection))
        self._due_s = time.monotonic() + MAKE_PARTITIONS_EVERY_S


def retain(connection: Connection[Any], now: datetime, retention_days: int) -> Retained:
    """Create the partitions of the next days, and drop those older than `retention_days` days."""
    made = make_partitions(connection, now)
    oldest = now.astimezone(UTC).date() - timedelta(days=retention_days)
    expired = [name for name in _list_partitions(connection) if _day_of(name) < oldest]
    unfinished = [name for name in expired if name in _list_partitions(connection, detach_pending=True)]
    for name in unfinished + [name for name in expired if name not in unfinished]:
        _drop(connection, name, is_detaching=name in unfinished)
    connection.execute(sql("forget_replayed"), (oldest,))
    return Retained(made, expired)


def make_partitions(connection: Connection[Any], now: datetime) -> list[str]:
    """Create what is missing of yesterday's, today's and the next days' partitions, and return the names."""
    today = now.astimezone(UTC).date()
    days = [today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1)]
    existing = set(_list_partitions(connection))
    missing = [day for day in days if partition_name(day) not in existing]
    return [partition_name(day) for day in missing if _make(connection, day)]


def list_days(connection: Connection[Any]) -> list[date]:
    """List the days that have a partition, oldest first."""
    return [_day_of(name) for name in _list_partitions(connection)]


def partition_name(day: date) -> str:
    """Return the name of the partition of a day. Days are those of UTC."""
    return f"postbacks_{day:%Y%m%d}"


def _list_partitions(connection: Connection[Any], *, detach_pending: bool | None = None) -> list[str]:
    found = connection.execute(sql("list_partitions"), {"pending": detach_pending}).fetchall()
    return [name for (name,) in found if _PARTITION.fullmatch(name)]


def _day_of(name: str) -> date:
    match = _PARTITION.fullmatch(name)
    assert match is not None, "only names of partitions are passed in"
    return date(*map(int, match.groups()))


def _make(connection: Connection[Any], day: date) -> bool:
    partition = Identifier(partition_name(day))
    first, last = (Literal(f"{edge.isoformat()} 00:00:00+00") for edge in (day, day + timedelta(days=1)))
    with connection.transaction():
        connection.execute(sql("limit_lock_wait"), (f"{_LOCK_TIMEOUT_MS}ms",))
        connection.execute(sql("lock_partitions"), (_LOCK_ID,))
        if partition_name(day) in _list_partitions(connection):
            return False
        connection.execute(SQL(sql("create_partition")).format(partition=partition))
        attach = SQL(sql("attach_partition"))
        connection.execute(attach.format(partition=partition, first=first, last=last))
    return True


def _drop(connection: Connection[Any], name: str, *, is_detaching: bool) -> None:
    partition = Identifier(name)
    set_lock_timeout(connection, _LOCK_TIMEOUT_MS)
    detach = SQL(sql("finish_detaching" if is_detaching else "detach_partition"))
    connection.execute(detach.format(partition=partition))
    connection.execute(SQL(sql("drop_partition")).format(partition=partition))
