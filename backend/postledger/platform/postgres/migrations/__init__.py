"""Migrations: plain SQL files `NNNN_words.sql`, each applied once, in order, in a transaction of its own.

What was applied is recorded with a checksum: a migration that is edited after the fact makes two ledgers differ. One
that begins with `-- each statement by itself` has no transaction, because an index that is to be built beside the
writers of a large table can have none; it must be one that may be repeated from its start.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.errors import LockNotAvailable

_NAME = re.compile(r"[0-9]{4}_[a-z0-9_]+\.sql")
_LOCK_ID = 0x706F7374  # "post": one migrator at a time on a database
_LOCK_TIMEOUT_MS = 5000
_TRY_EVERY_S = 0.05
_ONE_BY_ONE = "-- each statement by itself\n"
_BOOK = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text COLLATE "C" PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationChanged(Exception):
    """A migration was edited after it had been applied."""


class Migration(NamedTuple):
    """One file: its name, its statements and the SHA-256 of its bytes."""

    name: str
    statements: LiteralString
    checksum: str


def shipped_migrations() -> list[Migration]:
    """Read the migrations that come with this release, in order."""
    found = sorted(item.name for item in files(__name__).iterdir() if _NAME.fullmatch(item.name))
    texts = [files(__name__).joinpath(name).read_text("utf-8") for name in found]
    return [
        Migration(name, text, hashlib.sha256(text.encode()).hexdigest())
        for name, text in zip(found, texts, strict=True)
    ]


def migrate(connection: Connection[Any]) -> list[str]:
    """Apply what is missing and name it; raises `MigrationChanged`, or psycopg.errors.LockNotAvailable after 5 s."""
    with _one_at_a_time(connection):
        connection.execute(_BOOK)
        pending = _find_pending(connection, shipped_migrations())
        for migration in pending:
            _apply(connection, migration)
    return [migration.name for migration in pending]


@contextmanager
def _one_at_a_time(connection: Connection[Any]) -> Iterator[None]:
    _set_lock_timeout(connection, _LOCK_TIMEOUT_MS)
    _take_turn(connection)
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK_ID,))


def _take_turn(connection: Connection[Any]) -> None:
    # Asked again and again: who waits inside of Postgres has a snapshot open, for which an index that is built
    # concurrently would wait in turn, and one of the two be ended as a deadlock.
    until_s = time.monotonic() + _LOCK_TIMEOUT_MS / 1000
    while connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK_ID,)).fetchone() == (False,):
        if time.monotonic() > until_s:
            raise LockNotAvailable("another migrator is at work")
        time.sleep(_TRY_EVERY_S)


def _set_lock_timeout(connection: Connection[Any], timeout_ms: int) -> None:
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{timeout_ms}ms",))


def _find_pending(connection: Connection[Any], shipped: Sequence[Migration]) -> list[Migration]:
    applied = dict(connection.execute("SELECT name, checksum FROM schema_migrations").fetchall())
    for migration in shipped:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationChanged(f"{migration.name} differs from what was applied; add a new migration instead")
    return [migration for migration in shipped if migration.name not in applied]


def _apply(connection: Connection[Any], migration: Migration) -> None:
    if migration.statements.startswith(_ONE_BY_ONE):
        _apply_one_by_one(connection, migration)
        return
    with connection.transaction():
        connection.execute(migration.statements, prepare=False)
        _record(connection, migration)


def _apply_one_by_one(connection: Connection[Any], migration: Migration) -> None:
    # It waits for the readers of the moment, a backup perhaps, and holds up nobody: no lock is waited for too long.
    _set_lock_timeout(connection, 0)
    for statement in filter(None, migration.statements.split(";\n")):
        connection.execute(statement, prepare=False)
    _record(connection, migration)
    _set_lock_timeout(connection, _LOCK_TIMEOUT_MS)


def _record(connection: Connection[Any], migration: Migration) -> None:
    connection.execute(
        "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum)
    )
