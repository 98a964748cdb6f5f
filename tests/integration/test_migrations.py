"""Migrations are applied once, in order, by one process at a time, and produce the schema of `schema.sql`."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.platform.postgres import migrations
from postledger.platform.postgres.connection import connect
from tests.parts.databases import create_database, drop_database
from tests.parts.schema import dump_schema
from tests.parts.waiting import HANGS_AFTER_S, wait_until

TIME_INDEXES = "0008_time_indexes.sql"
PARKED_VERDICT = "0011_parked_verdict.sql"
VALID = """
SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
WHERE relname IN ('clicks_created_at', 'conversions_created_at')
"""
WAITS_FOR_A_READER = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'virtualxid' AND clock_timestamp() - query_start > '200 ms'
"""
A_YEAR_OF_ROWS = "generate_series(0, 99999) AS n, LATERAL (SELECT now() - n * interval '5 minutes' AS at) AS t"
SCHEMA = files("postledger.platform.postgres").joinpath("schema.sql").read_text("utf-8")


@pytest.fixture
def empty(postgres: Any) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        made.append(create_database(postgres))
        return made[-1]

    yield make
    for url in made:
        drop_database(postgres, url)


def open_connection(url: str) -> Connection[Any]:
    return connect(url, name="test", statement_timeout_ms=60_000)


def without_time_indexes(url: str) -> str:
    """The ledger of a release that had no time indexes."""
    with open_connection(url) as connection:
        migrations.migrate(connection)
        connection.execute("DROP INDEX clicks_created_at, conversions_created_at")
        connection.execute("DELETE FROM schema_migrations WHERE name = %s", (TIME_INDEXES,))
    return url


def test_the_migrations_produce_the_documented_schema(empty: Callable[[], str]) -> None:
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


def test_concurrent_migrators_apply_each_migration_once(
    empty: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT_MS", 60_000)  # otherwise the second gives up if the first is slow
    url = empty()
    applied: list[list[str]] = []

    def run() -> None:
        with open_connection(url) as connection:
            applied.append(migrations.migrate(connection))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=HANGS_AFTER_S)

    assert sorted(map(len, applied)) == [0, len(migrations.shipped_migrations())]


def test_a_migrator_gives_up_if_the_lock_stays_taken(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT_MS", 50)
    with open_connection(database) as other, open_connection(database) as connection:
        other.execute("SELECT pg_advisory_lock(%s)", (migrations._LOCK_ID,))

        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrations.migrate(connection)


def test_an_answer_of_its_own_for_spooled_stays_for_parked(empty: Callable[[], str]) -> None:
    with open_connection(empty()) as connection:
        migrations.migrate(connection)
        connection.execute("DELETE FROM schema_migrations WHERE name = %s", (PARKED_VERDICT,))
        for slug, settings in (
            ("worded", {"ack": {"spooled": {"body": "0"}}}),
            ("silent", {"ack": {"ok": {"body": "1"}}}),
            ("plain", {}),
        ):
            connection.execute(
                "INSERT INTO sources (slug, name, settings, created_at, updated_at) VALUES (%s, '', %s, now(), now())",
                (slug, json.dumps(settings)),
            )

        assert migrations.migrate(connection) == [PARKED_VERDICT]

        answers = dict(connection.execute("SELECT slug, settings #>> '{ack,parked,body}' FROM sources").fetchall())
        assert answers == {"worded": "0", "silent": None, "plain": None}


def test_an_interrupted_index_build_is_repeated(empty: Callable[[], str]) -> None:
    url = without_time_indexes(empty())
    with (
        open_connection(url) as connection,
        open_connection(url) as reader,
        open_connection(url) as operator,
        ThreadPoolExecutor(1) as migrator,
    ):
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM clicks")
        migrating = migrator.submit(migrations.migrate, connection)
        wait_until(lambda: operator.execute(WAITS_FOR_A_READER).fetchone() == (1,), what="the index that waits")
        connection.cancel()
        with pytest.raises(psycopg.errors.QueryCanceled):
            migrating.result()
        broken = connection.execute(VALID).fetchall()
        reader.execute("COMMIT")

        again = migrations.migrate(connection)

        assert (broken, again) == ([(False,)], [TIME_INDEXES])
        assert connection.execute(VALID).fetchall() == [(True,)] * 2


def test_an_index_that_waits_for_a_reader_blocks_no_writer(
    empty: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT_MS", 50)
    url = without_time_indexes(empty())
    with open_connection(url) as connection, open_connection(url) as reader, open_connection(url) as writer:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM clicks")
        migrator = threading.Thread(target=migrations.migrate, args=(connection,))
        migrator.start()
        wait_until(lambda: writer.execute(WAITS_FOR_A_READER).fetchone() == (1,), what="the index that waits")

        writer.execute("INSERT INTO clicks (click_id, created_at) VALUES ('C', now())")

        assert migrator.is_alive()
        reader.execute("COMMIT")
        migrator.join(timeout=HANGS_AFTER_S)
        assert connection.execute(VALID).fetchall() == [(True,)] * 2


@pytest.mark.parametrize("table", ["conversions", "clicks"])
def test_queries_of_the_last_day_do_not_read_older_rows(database: str, table: str) -> None:
    fill = {
        "clicks": "INSERT INTO clicks (click_id, created_at) SELECT md5(n::text), at",
        "conversions": "INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, payout, created_at,"
        " updated_at) SELECT md5(n::text)::uuid, md5(n::text)::uuid, 1, 'sale', 'C', 'approved', 1, at, at",
    }
    with open_connection(database) as connection:
        connection.execute(f"{fill[table]} FROM {A_YEAR_OF_ROWS} ORDER BY at")
        connection.execute(f"VACUUM ANALYZE {table}")

        plan = connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM {table} WHERE created_at > now() - interval '1 day'"
        ).fetchall()

    text = json.dumps(plan)
    assert f"{table}_created_at" in text
    assert max(map(int, re.findall(r'"Rows Removed by Index Recheck": (\d+)', text))) < 20_000


def test_unique_keys_of_large_tables_contain_the_distribution_column(database: str) -> None:
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


def test_large_tables_have_no_foreign_keys(database: str) -> None:
    with open_connection(database) as connection:
        found = connection.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()

    assert sorted(found) == [
        ("delegations", "users"),
        ("delegations", "users"),
        ("export_secrets", "export_targets"),
        ("forward_secrets", "forwards"),
        ("partner_tokens", "sources"),
        ("retired_secrets", "sources"),
        ("source_secrets", "sources"),
        ("tokens", "users"),
    ]
