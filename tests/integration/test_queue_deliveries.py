"""Which deliveries a change makes: the state as the change left it decides."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from postledger.ledger.outbox import Change, State
from postledger.outgoing.queue_deliveries import queue_deliveries
from postledger.outgoing.rules.forward import Forward, Match
from postledger.outgoing.target import Target
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Status
from tests.parts.entries import new_receipt

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEY, RECEIPT = new_receipt(), new_receipt()
URL = "https://track.example/"
FORWARDS = (
    Forward("all", URL),
    Forward("approved", URL, match=Match(status=(Status.APPROVED,))),
    Forward("other", URL, match=Match(source=("other",))),
)


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def change(status: Status = Status.PENDING, kind: Any = "opened", source: str | None = "acme") -> Change:
    now = State(Status.APPROVED, None, None)
    return Change(
        NOW, KEY, RECEIPT, 1, kind, KEY, 1, source, None, None, None, "sale", None, "C1", NOW, None, 2,
        State(status, None, None), now,
    )  # fmt: skip


def queue(ledger: Connection[Any], *changes: Change) -> list[str]:
    targets = {forward.slug: Target(forward) for forward in FORWARDS}
    queue_deliveries(lambda _: targets)(ledger, changes, NOW)
    rows = ledger.execute("SELECT forward FROM deliveries WHERE state = 'waiting' AND due_at = %s ORDER BY 1", (NOW,))
    return [forward for (forward,) in rows]


def test_the_state_after_the_change_decides(ledger: Connection[Any]) -> None:
    assert queue(ledger, change(Status.PENDING)) == ["all"]


def test_each_forward_that_matches_gets_a_delivery(ledger: Connection[Any]) -> None:
    assert queue(ledger, change(Status.APPROVED)) == ["all", "approved"]


@pytest.mark.parametrize(
    "ignored", [change(kind="backfilled"), change(source=SELFTEST), change(source=None)], ids=["past", "test", "none"]
)
def test_what_is_no_news_is_sent_to_nobody(ledger: Connection[Any], ignored: Change) -> None:
    assert queue(ledger, ignored) == []


def test_a_change_is_queued_once(ledger: Connection[Any]) -> None:
    queue(ledger, change())
    assert queue(ledger, change()) == ["all"]
