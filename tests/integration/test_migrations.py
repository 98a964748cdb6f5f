"""Migrations: applied once, in order, unchanged, by one process at a time, to the schema that `schema.sql` shows."""

import threading
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.adapters.postgres import migrations
from postledger.adapters.postgres.connecting import connect
from tests.parts.schema import dump_schema

SCHEMA = files("postledger.adapters.postgres").joinpath("schema.sql").read_text("utf-8")


@pytest.fixture
def empty(postgres: Any) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        made.append(f"empty_{len(made)}")
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made[-1]}".encode())
        return str(postgres.url(made[-1]))

    yield make
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def open_connection(url: str) -> Connection[Any]:
    return connect(url, name="test", statement_timeout_ms=20_000)


def test_the_migrations_lead_to_the_schema_that_is_shown(empty: Callable[[], str]) -> None:
    migrated, shown = empty(), empty()
    with open_connection(migrated) as connection:
        migrations.migrate(connection)
    with psycopg.connect(shown) as plain:
        plain.execute(SCHEMA.encode())

    assert dump_schema(migrated) == dump_schema(shown) == SCHEMA.partition("\n\n")[2]


def test_migrating_twice_applies_nothing(empty: Callable[[], str]) -> None:
    with open_connection(empty()) as connection:
        first = migrations.migrate(connection)
        second = migrations.migrate(connection)

    assert first == [migration.name for migration in migrations.shipped_migrations()]
    assert second == []


def test_an_edited_migration_is_refused_by_name(database: str) -> None:
    with open_connection(database) as connection:
        connection.execute("UPDATE schema_migrations SET checksum = 'other' WHERE name = '0001_ledger.sql'")

        with pytest.raises(migrations.MigrationChanged, match=r"0001_ledger\.sql"):
            migrations.migrate(connection)


def test_two_migrators_at_once_do_the_work_once(empty: Callable[[], str]) -> None:
    url = empty()
    applied: list[list[str]] = []

    def run() -> None:
        with open_connection(url) as connection:
            applied.append(migrations.migrate(connection))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(map(len, applied)) == [0, len(migrations.shipped_migrations())]


def test_a_migrator_that_cannot_get_its_turn_gives_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT_MS", 50)
    with open_connection(database) as other, open_connection(database) as connection:
        other.execute("SELECT pg_advisory_lock(%s)", (migrations._LOCK_ID,))

        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrations.migrate(connection)


def test_every_unique_key_of_a_large_table_holds_its_distribution_column(database: str) -> None:
    distributed_by = {
        "clicks": "click_id",
        "conversions": "dedup_key",
        "conversion_events": "dedup_key",
        "parked_reversals": "dedup_key",
        "postbacks": "id",
    }
    statement = """
        SELECT relname, array_agg(attname::text)
        FROM pg_index
        JOIN pg_class ON pg_class.oid = indrelid
        JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
        WHERE indisunique AND relname = ANY (%s)
        GROUP BY indexrelid, relname
    """
    with open_connection(database) as connection:
        keys = connection.execute(statement, (list(distributed_by),)).fetchall()

    assert {table for table, _ in keys} == set(distributed_by)
    assert all(distributed_by[table] in columns for table, columns in keys)


def test_no_foreign_key_leads_to_or_from_a_large_table(database: str) -> None:
    with open_connection(database) as connection:
        found = connection.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()

    assert found == [("source_secrets", "sources")]
