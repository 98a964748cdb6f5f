"""Databases of a test's cluster: made, given the schema, dropped.

Apart from the fixtures because two kinds of cluster need them: the shared one, and those that a test stops and kills.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Composable, Identifier

from postledger.ledger.partitions import make_partitions
from postledger.platform.postgres.migrations import migrate
from tests.parts.postgres import Postgres
from tests.parts.waiting import wait_until


def create_database(postgres: Postgres, name: str | None = None, *, template: str = "template1") -> str:
    """Make a database, by default under a name that nobody has, and give its URL."""
    name = name or f"test_{secrets.token_hex(8)}"
    form = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
    with _connect(postgres) as connection:
        # Copied files take half as long as pages that go through the log, and hold what a first connection works out.
        # Before Postgres 15 there is no other way.
        is_old = connection.info.server_version < 15_00_00
        connection.execute((form if is_old else form + SQL(" STRATEGY file_copy")).as_bytes())
    return postgres.url(name)


def drop_database(postgres: Postgres, url: str) -> None:
    """Drop a database together with the sessions of whoever is still connected to it.

    Not with FORCE, which Postgres denies to all but superusers while its own autovacuum is at work there; a plain
    drop ends autovacuum by itself.
    """
    with _connect(postgres) as connection:
        _close(connection, _name(url))
        connection.execute(SQL("DROP DATABASE {}").format(Identifier(_name(url))))


def close_database(postgres: Postgres, url: str) -> None:
    """Take no more connections to a database and end those that it has."""
    with _connect(postgres) as connection:
        _close(connection, _name(url))


def _close(connection: Connection[Any], name: str) -> None:
    connection.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
    wait_until(lambda: _end_sessions(connection, name), what=f"the end of every session in {name}")


def _end_sessions(connection: Connection[Any], name: str) -> bool:
    """True when all have ended, which on a busy machine takes a process its time."""
    sessions = "pg_stat_activity WHERE usename = current_user AND datname = %s"  # autovacuum's is not ours to end
    ended = connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM {sessions}".encode(), (name,))
    return all(has_ended for (has_ended,) in ended)


def open_database(postgres: Postgres, url: str) -> None:
    """Take connections to it again."""
    _run(postgres, SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(_name(url))))


def prepare_database(url: str) -> None:
    """Give an empty database the schema and the partitions of these days."""
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        make_partitions(connection, datetime.now(UTC))


def fetch(url: str, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    """Ask a database once."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode(), values or None).fetchall()


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def _run(postgres: Postgres, statement: Composable) -> None:
    with _connect(postgres) as connection:
        connection.execute(statement.as_bytes())


def _connect(postgres: Postgres) -> Connection[Any]:
    return psycopg.connect(postgres.url(), autocommit=True)
