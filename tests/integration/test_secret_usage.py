"""The last match of a secret is written at most once a minute, never backwards, and finally at the end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from postledger.policy.secret_usage import WRITE_EVERY_S, SecretUsage
from tests.parts.sources import add_source

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def ledger(database: str, master_key: str) -> Iterator[Connection[Any]]:
    add_source(database, master_key, "acme")
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def stored(ledger: Connection[Any]) -> tuple[int, datetime | None]:
    row = ledger.execute("SELECT id, last_matched_at FROM source_secrets").fetchone()
    assert row is not None
    return int(row[0]), row[1]


def test_a_match_is_written_immediately_and_then_once_a_minute(ledger: Connection[Any]) -> None:
    usage, secret_id, seen = SecretUsage(), stored(ledger)[0], []

    for second in (0, 1, 2, 59, 60, 61):
        usage.note(secret_id, NOON + timedelta(seconds=second))
        usage.write_due(ledger, 1000.0 + second * WRITE_EVERY_S / 60)
        seen.append(stored(ledger)[1])

    assert seen == [NOON] * 4 + [NOON + timedelta(seconds=60)] * 2


def test_unwritten_matches_are_written_at_the_end(ledger: Connection[Any]) -> None:
    usage, secret_id = SecretUsage(), stored(ledger)[0]
    usage.note(secret_id, NOON)
    usage.write_due(ledger, 1000.0)
    usage.note(secret_id, NOON + timedelta(seconds=5))

    usage.write_all(ledger)

    assert stored(ledger)[1] == NOON + timedelta(seconds=5)


def test_an_older_match_never_replaces_a_newer_one(ledger: Connection[Any]) -> None:
    secret_id = stored(ledger)[0]
    for at in (NOON, NOON - timedelta(minutes=1)):
        usage = SecretUsage()
        usage.note(secret_id, at)
        usage.write_all(ledger)

    assert stored(ledger)[1] == NOON
