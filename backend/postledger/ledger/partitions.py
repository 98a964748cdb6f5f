"""The days of the audit table: partitions made ahead of time and dropped when their time is over.

Conversions are never touched here, so what was counted once stays counted once however short the retention is.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

DAYS_AHEAD = 7
MAKE_PARTITIONS_EVERY_S = 3600.0
_LOCK_ID = 0x64617973  # "days": processes that tend the partitions do it one at a time
_LOCK_TIMEOUT_MS = 2000
_PARTITION = re.compile(r"postbacks_(\d{4})(\d{2})(\d{2})")
_LIST = """
SELECT relname
FROM pg_inherits
JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'postbacks'::regclass AND inhdetachpending = coalesce(%(pending)s::boolean, inhdetachpending)
ORDER BY relname
"""


class Retained(NamedTuple):
    """What a run made and dropped, by partition name."""

    made: list[str]
    dropped: list[str]


class PartitionKeeper:
    """Makes the partitions of the days ahead once an hour, and reports the days that have one."""

    def __init__(self, on_days: Callable[[list[date]], None]) -> None:
        self._on_days, self._due_s = on_days, 0.0

    def tend(self, connection: Connection[Any]) -> None:
        """Make partitions if that is due."""
        if time.monotonic() < self._due_s:
            return
        make_partitions(connection, datetime.now(UTC))
        self._on_days(list_days(connection))
        self._due_s = time.monotonic() + MAKE_PARTITIONS_EVERY_S


def retain(connection: Connection[Any], now: datetime, retention_days: int) -> Retained:
    """Make the partitions of the days ahead and drop those that ended more than `retention_days` days ago."""
    made = make_partitions(connection, now)
    oldest = now.astimezone(UTC).date() - timedelta(days=retention_days)
    expired = [name for name in _list_partitions(connection) if _day_of(name) < oldest]
    unfinished = [name for name in expired if name in _list_partitions(connection, detach_pending=True)]
    for name in unfinished + [name for name in expired if name not in unfinished]:
        _drop(connection, name, "FINALIZE" if name in unfinished else "CONCURRENTLY")
    return Retained(made, expired)


def make_partitions(connection: Connection[Any], now: datetime) -> list[str]:
    """Make sure that yesterday's partition, today's and those of the days ahead exist; name the ones that were made."""
    today = now.astimezone(UTC).date()
    days = [today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1)]
    existing = set(_list_partitions(connection))
    missing = [day for day in days if partition_name(day) not in existing]
    return [partition_name(day) for day in missing if _make(connection, day)]


def list_days(connection: Connection[Any]) -> list[date]:
    """List the days that have a partition, the oldest first."""
    return [_day_of(name) for name in _list_partitions(connection)]


def partition_name(day: date) -> str:
    """Name the partition that holds a day, by UTC."""
    return f"postbacks_{day:%Y%m%d}"


def _list_partitions(connection: Connection[Any], *, detach_pending: bool | None = None) -> list[str]:
    found = connection.execute(_LIST, {"pending": detach_pending}).fetchall()
    return [name for (name,) in found if _PARTITION.fullmatch(name)]


def _day_of(name: str) -> date:
    match = _PARTITION.fullmatch(name)
    assert match is not None, "only names of partitions are passed in"
    return date(*map(int, match.groups()))


def _make(connection: Connection[Any], day: date) -> bool:
    # Made apart and then attached, because CREATE ... PARTITION OF would lock out the writers of every other day.
    name, parent = Identifier(partition_name(day)), Identifier("postbacks")
    bounds = [Literal(f"{edge.isoformat()} 00:00:00+00") for edge in (day, day + timedelta(days=1))]
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{_LOCK_TIMEOUT_MS}ms",))
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_ID,))
        if partition_name(day) in _list_partitions(connection):
            return False
        connection.execute(SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS)").format(name, parent))
        attach = SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
        connection.execute(attach.format(parent, name, *bounds))
    return True


def _drop(connection: Connection[Any], name: str, how: LiteralString) -> None:
    # Detached concurrently, so that no writer waits; an interrupted detach must be finished before the next one.
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{_LOCK_TIMEOUT_MS}ms",))
    connection.execute(SQL("ALTER TABLE postbacks DETACH PARTITION {} " + how).format(Identifier(name)))
    connection.execute(SQL("DROP TABLE {}").format(Identifier(name)))
