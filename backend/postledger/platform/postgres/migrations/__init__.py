"""Applies migrations: plain SQL files `NNNN_words.sql`, each once, in order, in a transaction of its own.

An applied migration is recorded with its checksum, because a file that is edited later would make two ledgers differ.
A file that begins with `-- each statement by itself` runs without a transaction, because CREATE INDEX CONCURRENTLY
allows none. Such a file must be safe to repeat from its start.
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

from postledger.platform.postgres.connection import set_lock_timeout
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotPossible

sql = statements_of("postledger.platform.postgres")

_NAME = re.compile(r"[0-9]{4}_[a-z0-9_]+\.sql")
_LOCK_ID = 0x706F7374  # "post" in ASCII: one migrator at a time in a database
_LOCK_TIMEOUT_MS = 5000
_TRY_EVERY_S = 0.05
_ONE_BY_ONE = "-- each statement by itself\n"


class MigrationChanged(NotPossible):
    """A migration file was edited after it had been applied. The message names the file."""


class Migration(NamedTuple):
    """One file: its name, its statements and the SHA-256 of its bytes."""

    name: str
    statements: LiteralString
    checksum: str


def shipped_migrations() -> list[Migration]:
    """Read the migrations of this release, in order."""
    found = sorted(item.name for item in files(__name__).iterdir() if _NAME.fullmatch(item.name))
    texts = [files(__name__).joinpath(name).read_text("utf-8") for name in found]
    return [
        Migration(name, text, hashlib.sha256(text.encode()).hexdigest())
        for name, text in zip(found, texts, strict=True)
    ]


def migrate(connection: Connection[Any]) -> list[str]:
    """Apply the migrations that are missing and return their names.

    Raises `MigrationChanged`, or psycopg.errors.LockNotAvailable if another migrator works for more than 5 s.
    """
    with _one_at_a_time(connection):
        connection.execute(sql("create_schema_migrations"))
        pending = _find_pending(connection, shipped_migrations())
        for migration in pending:
            _apply(connection, migration)
    return [migration.name for migration in pending]


def list_applied(connection: Connection[Any]) -> dict[str, str]:
    """Read the checksum of each applied migration, by name."""
    return dict(connection.execute(sql("list_applied_migrations")).fetchall())


@contextmanager
def _one_at_a_time(connection: Connection[Any]) -> Iterator[None]:
    set_lock_timeout(connection, _LOCK_TIMEOUT_MS)
    _take_turn(connection)
    try:
        yield
    finally:
        connection.execute(sql("release_migration_lock"), (_LOCK_ID,))


def _take_turn(connection: Connection[Any]) -> None:
    # Polls instead of waiting inside Postgres: a waiting statement holds a snapshot, CREATE INDEX CONCURRENTLY of the
    # other migrator waits for that snapshot, and Postgres ends one of the two as a deadlock.
    until_s = time.monotonic() + _LOCK_TIMEOUT_MS / 1000
    while connection.execute(sql("try_migration_lock"), (_LOCK_ID,)).fetchone() == (False,):
        if time.monotonic() > until_s:
            raise LockNotAvailable("another migrator is running")
        time.sleep(_TRY_EVERY_S)


def _find_pending(connection: Connection[Any], shipped: Sequence[Migration]) -> list[Migration]:
    applied = list_applied(connection)
    for migration in shipped:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationChanged(f"{migration.name} was edited after it had been applied; restore the released file")
    return [migration for migration in shipped if migration.name not in applied]


def _apply(connection: Connection[Any], migration: Migration) -> None:
    if migration.statements.startswith(_ONE_BY_ONE):
        _apply_one_by_one(connection, migration)
        return
    with connection.transaction():
        connection.execute(migration.statements, prepare=False)
        _record(connection, migration)


def _apply_one_by_one(connection: Connection[Any], migration: Migration) -> None:
    # No lock timeout: such an index waits for running readers, perhaps a backup, and blocks no writer meanwhile.
    set_lock_timeout(connection, 0)
    for statement in filter(None, migration.statements.split(";\n")):
        connection.execute(statement, prepare=False)
    _record(connection, migration)
    set_lock_timeout(connection, _LOCK_TIMEOUT_MS)


def _record(connection: Connection[Any], migration: Migration) -> None:
    connection.execute(sql("record_migration"), (migration.name, migration.checksum))
