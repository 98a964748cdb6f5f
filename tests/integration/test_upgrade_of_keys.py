"""An upgrade between a postback and its repeat: what the former release booked is not booked again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from postledger.ingest.receive import evaluate
from postledger.ledger.partitions import make_partitions
from postledger.ledger.rules.dedup_key import dedup_key
from postledger.ledger.writer import write_entries
from postledger.platform.postgres import migrations
from postledger.platform.postgres.connection import connect
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source
from postledger.vocabulary.incoming_request import Request
from tests.parts.databases import create_database, drop_database
from tests.parts.entries import new_receipt
from tests.parts.signed_requests import source

LAST_OF_FORMER_RELEASE = "0012"
BOOK = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, status, payout, currency, created_at, updated_at
)
VALUES (%s, %s, 1, 'conversion', %s, %s, 'approved', 12.50, 'USD', now(), now())
"""


@pytest.fixture
def ledger(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection[Any]]:
    """A ledger of the former release."""
    url = create_database(postgres)
    shipped = migrations.shipped_migrations()
    with monkeypatch.context() as patched:
        former = [migration for migration in shipped if migration.name[:4] <= LAST_OF_FORMER_RELEASE]
        patched.setattr(migrations, "shipped_migrations", lambda: former)
        with connect(url, name="test", statement_timeout_ms=60_000) as connection:
            migrations.migrate(connection)
    with connect(url, name="test", statement_timeout_ms=60_000) as connection:
        yield connection
    drop_database(postgres, url)


def book(ledger: Connection[Any], key: str, transaction_id: str, click_id: str = "A") -> None:
    """Book what the former release booked."""
    ledger.execute(BOOK.encode(), (key, new_receipt(), transaction_id, click_id))


def upgrade(ledger: Connection[Any]) -> None:
    migrations.migrate(ledger)
    make_partitions(ledger, datetime.now(UTC))


def send(ledger: Connection[Any], query: str, by: Source) -> str:
    entry = evaluate(Request(new_receipt(), datetime.now(UTC), "GET", query=query.encode()), by)
    (outcome,) = write_entries(ledger, [entry])
    return outcome.refusal.reason.value if outcome.refusal else outcome.verdict.value


def count(ledger: Connection[Any]) -> int:
    (row,) = ledger.execute("SELECT count(*) FROM conversions").fetchall()
    return int(row[0])


def test_a_repeat_with_a_blank_finds_what_the_former_release_booked(ledger: Connection[Any]) -> None:
    book(ledger, dedup_key(1, "conversion", "T77 ", "A"), "T77 ")
    by = source(auth="none", click="optional")

    upgrade(ledger)
    repeat = send(ledger, "click_id=A&transaction_id=T77%20&payout=12.50", by)
    reversal = send(ledger, "click_id=A&transaction_id=T77%20&status=reversed", by)

    assert (repeat, reversal, count(ledger)) == ("duplicate", "updated", 1)


def test_after_an_upgrade_a_blank_makes_no_second_conversion(ledger: Connection[Any]) -> None:
    by = source(auth="none", click="optional")

    upgrade(ledger)
    answers = [send(ledger, f"click_id=A&transaction_id=T77{blank}", by) for blank in ("%20", "", "%20", "%C2%A0")]

    assert (answers, count(ledger)) == (["accepted", "duplicate", "duplicate", "duplicate"], 1)


def test_a_preset_that_names_conversions_otherwise_finds_the_old_ones(ledger: Connection[Any]) -> None:
    book(ledger, dedup_key(1, "conversion", "S1", "A"), "S1")
    own = read_known().presets["everflow"].source
    kept = {name: own[name] for name in ("params", "former", "empty")}
    by = source(**kept, preset="everflow", auth="none", click="optional")

    upgrade(ledger)
    repeat = send(ledger, "sub1=A&transaction_id=S1&event_id=1&payout=12.50", by)
    second = send(ledger, "sub1=A&transaction_id=S1&event_id=2&payout=3", by)
    again = send(ledger, "sub1=A&transaction_id=S1&event_id=2&payout=3", by)

    assert (repeat, second, again, count(ledger)) == ("duplicate", "accepted", "duplicate", 2)


def test_an_event_that_was_mapped_meanwhile_is_still_a_repeat(ledger: Connection[Any]) -> None:
    by = {"auth": "none", "click": "optional"}
    query = "click_id=A&transaction_id=T1&event=ftd&payout=5"

    upgrade(ledger)
    first = send(ledger, query, source(**by))
    repeat = send(ledger, query, source(**by, event_names={"deposit": ("ftd",)}))

    assert (first, repeat, count(ledger)) == ("accepted", "duplicate", 1)
