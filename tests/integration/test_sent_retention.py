"""What was forwarded and published is deleted after the retention period; what waits stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from postledger.outgoing import retention
from postledger.outgoing.retention import delete_old_deliveries, delete_old_publications
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.derived_rows import Ledger, add_attempt, add_delivery, add_publication
from tests.parts.entries import new_receipt

NOW = datetime.now(UTC)
OLD, YOUNG = NOW - timedelta(days=31), NOW - timedelta(days=29)
ATTEMPTS = "SELECT count(*)::integer FROM delivery_attempts"


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def settle(ledger: Ledger, state: str, at: datetime) -> str:
    """Add a delivery with an attempt, settled at a time unless it waits; return its dedup key."""
    key, receipt = new_receipt(), new_receipt()
    add_delivery(ledger, "voluum", state, dedup_key=key, receipt=receipt, at=at)
    add_attempt(ledger, (key, "voluum", receipt), 1, status=503)
    if state != "waiting":
        ledger.execute("UPDATE deliveries SET settled_at = %s WHERE dedup_key = %s", (at, key))
    return key


def keys_of(database: str, table: str) -> set[str]:
    return {key for (key,) in fetch(database, f"SELECT dedup_key::text FROM {table}")}


def test_settled_deliveries_go_with_their_attempts(ledger: Ledger, database: str) -> None:
    for state in ("delivered", "failed", "discarded"):
        settle(ledger, state, OLD)
    kept = {settle(ledger, "waiting", OLD), settle(ledger, "delivered", YOUNG)}

    assert delete_old_deliveries(ledger, NOW, 30) == 3

    assert keys_of(database, "deliveries") == keys_of(database, "delivery_attempts") == kept


def test_publications_go_once_they_were_confirmed(ledger: Ledger, database: str) -> None:
    waiting, young = new_receipt(), new_receipt()
    add_publication(ledger, at=OLD, published_at=OLD)
    add_publication(ledger, dedup_key=waiting, at=OLD)
    add_publication(ledger, dedup_key=young, at=OLD, published_at=YOUNG)

    assert delete_old_publications(ledger, NOW, 30) == 1

    assert keys_of(database, "publications") == {waiting, young}


def test_what_was_sent_is_deleted_in_portions(ledger: Ledger, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PORTION_ROWS", 3)
    for _ in range(7):
        settle(ledger, "delivered", OLD)
        add_publication(ledger, at=OLD, published_at=OLD)

    assert delete_old_deliveries(ledger, NOW, 30) == delete_old_publications(ledger, NOW, 30) == 7

    assert keys_of(database, "deliveries") == keys_of(database, "publications") == set()
    assert fetch(database, ATTEMPTS) == [(0,)]


def test_the_command_goes_by_the_days_of_the_audit(cli: CommandLine, ledger: Ledger) -> None:
    cli.environment["POSTLEDGER_RETENTION_DAYS"] = "30"
    settle(ledger, "delivered", OLD)
    add_publication(ledger, at=OLD, published_at=OLD)

    kept, again = cli("retain", "--json").facts, cli("retain")

    assert (kept["deliveries_deleted"], kept["publications_deleted"]) == (1, 1)
    assert "0 forwarded changes and 0 published changes deleted; they are kept for 30 days." in again.out


@pytest.mark.parametrize(
    "statement",
    [retention.sql("find_settled_deliveries"), retention.sql("find_old_publications")],
)
def test_what_is_old_is_found_by_an_index(ledger: Ledger, statement: str) -> None:
    ledger.execute("SET enable_seqscan = off")

    plan = "\n".join(row[0] for row in ledger.execute("EXPLAIN " + statement, (OLD,)).fetchall())

    assert "Index Scan" in plan
