"""The last match of a secret is written at most once a minute, never backwards, and finally at the end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from postledger.policy.secret_usage import PORTION, WRITE_EVERY_S, SecretUsage
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


def add_secrets(ledger: Connection[Any], number: int) -> list[int]:
    """Give the source further secrets, and return their ids."""
    added = """
        INSERT INTO source_secrets (source_id, position, ciphertext, created_at)
        SELECT source_id, nth, ciphertext, created_at FROM source_secrets, generate_series(1, %s) AS nth RETURNING id
    """
    return [secret_id for (secret_id,) in ledger.execute(added, (number,)).fetchall()]


def count_matched(ledger: Connection[Any]) -> int:
    row = ledger.execute("SELECT count(*) FROM source_secrets WHERE last_matched_at = %s", (NOON,)).fetchone()
    assert row is not None
    return int(row[0])


def test_many_matches_are_written_in_portions(ledger: Connection[Any]) -> None:
    usage, written = SecretUsage(), []
    for secret_id in add_secrets(ledger, 2 * PORTION + 1):
        usage.note(secret_id, NOON)

    for second in (0, 1, 2):
        usage.write_due(ledger, 1000.0 + second)
        written.append(count_matched(ledger))

    assert written == [PORTION, 2 * PORTION, 2 * PORTION + 1]


def test_all_matches_are_written_at_the_end(ledger: Connection[Any]) -> None:
    usage = SecretUsage()
    for secret_id in add_secrets(ledger, PORTION + 1):
        usage.note(secret_id, NOON)

    usage.write_all(ledger)

    assert count_matched(ledger) == PORTION + 1


def test_the_match_of_a_locked_secret_is_written_later(ledger: Connection[Any], database: str) -> None:
    usage, (locked, free) = SecretUsage(), add_secrets(ledger, 2)
    for secret_id in (locked, free):
        usage.note(secret_id, NOON)

    with connect(database, name="test", statement_timeout_ms=60_000) as other, other.transaction():
        other.execute("SELECT FROM source_secrets WHERE id = %s FOR UPDATE", (locked,))
        usage.write_due(ledger, 1000.0)
        meanwhile = count_matched(ledger)
    usage.write_due(ledger, 1001.0)

    assert (meanwhile, count_matched(ledger)) == (1, 2)


def test_the_match_of_a_secret_that_is_gone_is_forgotten(ledger: Connection[Any]) -> None:
    usage, (gone,) = SecretUsage(), add_secrets(ledger, 1)
    usage.note(gone, NOON)
    ledger.execute("DELETE FROM source_secrets WHERE id = %s", (gone,))

    usage.write_due(ledger, 1000.0)

    assert not usage._matched
