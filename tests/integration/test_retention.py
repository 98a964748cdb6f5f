"""Partitions of the audit table are created before they are needed and dropped after the retention period."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import Connection

from postledger.ledger.partitions import make_partitions, partition_name, retain
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.entries import entry_of, same_again


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def count(ledger: Connection[Any], table: str) -> int:
    row = ledger.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_the_next_days_are_created_once(ledger: Connection[Any]) -> None:
    later = datetime.now(UTC) + timedelta(days=30)

    first, second = make_partitions(ledger, later), make_partitions(ledger, later)

    assert partition_name(later.date()) in first
    assert second == []


def test_an_expired_day_is_dropped_and_its_conversions_stay(ledger: Connection[Any]) -> None:
    old = entry_of(transaction_id="T1")
    write_entries(ledger, [old])

    kept = retain(ledger, old.received_at + timedelta(days=10), retention_days=10)
    dropped = retain(ledger, old.received_at + timedelta(days=11), retention_days=10)

    assert partition_name(old.received_at.date()) not in kept.dropped
    assert partition_name(old.received_at.date()) in dropped.dropped
    assert (count(ledger, "postbacks"), count(ledger, "conversions")) == (0, 1)


def test_a_repeat_after_retention_is_still_a_duplicate(ledger: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1")
    write_entries(ledger, [entry])
    later = entry.received_at + timedelta(days=100)
    retain(ledger, later, retention_days=90)

    (outcome,) = write_entries(ledger, [msgspec.structs.replace(same_again(entry), received_at=later)])

    assert outcome.verdict == "duplicate"
    assert count(ledger, "conversions") == 1


def test_an_interrupted_detach_is_finished_by_the_next_run(ledger: Connection[Any], database: str) -> None:
    now = datetime.now(UTC)
    day = partition_name(now.date())
    with connect(database, name="reader", statement_timeout_ms=60_000) as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM postbacks")
        ledger.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            ledger.execute(f"ALTER TABLE postbacks DETACH PARTITION {day} CONCURRENTLY".encode())

    assert day in retain(ledger, now + timedelta(days=11), retention_days=10).dropped
