"""The columns that a replay needs are written by the flush, for new keys and for repeats, and erased with the row."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg import Connection

from postledger.audit.erasure import erase
from postledger.ledger.entry import Proof
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.entries import entry_of, refused_entry, same_again

KEPT = "SELECT verdict, body_kind, scheme, decoding, signed_at, idempotency_key, policy_version FROM postbacks"
AT = datetime.fromtimestamp(1_790_000_000, UTC)


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def test_each_row_keeps_how_it_was_judged(ledger: Connection[Any]) -> None:
    proof = Proof("json", 1, "pct", AT)
    first = replace(entry_of(), proof=proof, idempotency_key="id msg_1", policy_version=412)

    write_entries(ledger, [first])
    write_entries(ledger, [same_again(first), refused_entry()])

    kept = ("json", 1, "pct", AT, "id msg_1", 412)
    assert sorted(ledger.execute(KEPT.encode()).fetchall()) == [
        ("accepted", *kept),
        ("duplicate", *kept),
        ("refused", *[None] * 6),
    ]


def test_an_erased_row_keeps_no_id_of_its_message(ledger: Connection[Any]) -> None:
    write_entries(ledger, [replace(entry_of(click_id="C1"), idempotency_key="id msg_1", policy_version=412)])

    erase(ledger, click_id="C1", actor="test", now=datetime.now(UTC), on_progress=lambda *_: None)

    assert ledger.execute(KEPT.encode()).fetchall() == [("accepted", *[None] * 5, 412)]
