"""Migrations: plain SQL files `NNNN_words.sql`, each applied once, in order, in a transaction of its own.

What was applied is recorded with a checksum: a migration that is edited after the fact makes two ledgers differ.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

_NAME = re.compile(r"[0-9]{4}_[a-z0-9_]+\.sql")
_LOCK_ID = 0x706F7374  # "post": one migrator at a time on a database
_LOCK_TIMEOUT_MS = 5000
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
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{_LOCK_TIMEOUT_MS}ms",))
    connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_ID,))
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK_ID,))


def _find_pending(connection: Connection[Any], shipped: Sequence[Migration]) -> list[Migration]:
    applied = dict(connection.execute("SELECT name, checksum FROM schema_migrations").fetchall())
    for migration in shipped:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationChanged(f"{migration.name} differs from what was applied; add a new migration instead")
    return [migration for migration in shipped if migration.name not in applied]


def _apply(connection: Connection[Any], migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.statements, prepare=False)
        connection.execute(
            "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum)
        )
