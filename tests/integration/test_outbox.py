"""The outbox as the worker reads it: which changes it takes, in which order, and with which states."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from postledger.ledger.dispatch import discard, dispatch
from postledger.ledger.outbox import State, take_changes
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.statuses import Status
from tests.parts.entries import new_receipt
from tests.parts.sources import add_campaign

START = datetime(2026, 11, 1, tzinfo=UTC)
CONVERSION = """
INSERT INTO conversions (dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id, status,
    payout, currency, revision, created_at, updated_at)
VALUES (%s, %s, 1, 'sale', 'T1', 'C1', %s, '456', %s, %s, %s, %s, %s, %s)
"""
EVENT = """
INSERT INTO conversion_events (dedup_key, id, source_id, kind, status_before, status_after, payout_before,
    currency_before, revision, received_at)
VALUES (%s, %s, 1, 'status', %s, %s, %s, %s, %s, %s)
"""
ROW = "INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind) VALUES (%s, %s, %s, %s, %s)"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def add_conversion(ledger: Connection[Any], revision: int | None = 1, campaign_id: int | None = None) -> str:
    key = new_receipt()
    values = (key, new_receipt(), campaign_id, "approved", Decimal("1.50"), "EUR", revision, START, START)
    ledger.execute(CONVERSION, values)
    return key


def hand_over(ledger: Connection[Any], key: str, revision: int = 1, kind: str = "opened", after_s: int = 0) -> None:
    ledger.execute(ROW, (START + timedelta(seconds=after_s), key, new_receipt(), revision, kind))


def test_a_change_comes_with_its_conversion(ledger: Connection[Any], database: str) -> None:
    campaign_id = add_campaign(database, "spring")
    key = add_conversion(ledger, campaign_id=campaign_id)
    hand_over(ledger, key)

    (change,) = take_changes(ledger, 10)

    assert (change.dedup_key, change.received_at, change.kind, change.revision) == (key, START, "opened", 1)
    assert (change.source_id, change.campaign_id, change.campaign) == (1, campaign_id, "spring")
    assert (change.affiliate_id, change.event, change.transaction_id, change.click_id) == ("456", "sale", "T1", "C1")
    assert change.state == change.now == State(Status.APPROVED, Decimal("1.50"), "EUR")
    assert ledger.execute("SELECT FROM outbox").fetchall() == []


def test_the_oldest_changes_are_taken_first_and_the_rest_stays(ledger: Connection[Any]) -> None:
    keys = [add_conversion(ledger) for _ in range(3)]
    for after_s, key in zip((2, 0, 1), keys, strict=True):
        hand_over(ledger, key, after_s=after_s)

    assert [change.dedup_key for change in take_changes(ledger, 2)] == [keys[1], keys[2]]
    assert [change.dedup_key for change in take_changes(ledger, 2)] == [keys[0]]
    assert take_changes(ledger, 2) == []


def test_each_change_shows_the_state_that_it_left(ledger: Connection[Any]) -> None:
    key = add_conversion(ledger, revision=3)
    ledger.execute(EVENT, (key, new_receipt(), "pending", "rejected", Decimal(9), "USD", 2, START))
    ledger.execute(EVENT, (key, new_receipt(), "rejected", "approved", None, None, 3, START))
    for revision in (1, 2, 3):
        hand_over(ledger, key, revision, "updated" if revision > 1 else "opened", after_s=revision)

    changes = take_changes(ledger, 10)

    assert [change.state for change in changes] == [
        State(Status.PENDING, Decimal(9), "USD"),
        State(Status.REJECTED, None, None),
        State(Status.APPROVED, Decimal("1.50"), "EUR"),
    ]
    assert {change.now for change in changes} == {State(Status.APPROVED, Decimal("1.50"), "EUR")}
    assert {change.current_revision for change in changes} == {3}


def test_a_conversion_of_an_earlier_release_has_its_present_state(ledger: Connection[Any]) -> None:
    key = add_conversion(ledger, revision=None)
    hand_over(ledger, key, 1, "backfilled")

    (change,) = take_changes(ledger, 10)

    assert (change.current_revision, change.state) == (1, change.now)


def test_a_change_that_is_not_committed_stays_in_the_outbox(ledger: Connection[Any]) -> None:
    hand_over(ledger, add_conversion(ledger))

    with ledger.transaction(force_rollback=True):
        assert len(take_changes(ledger, 10)) == 1

    assert len(take_changes(ledger, 10)) == 1


def test_changes_from_which_nothing_follows_are_discarded_in_order(ledger: Connection[Any]) -> None:
    for after_s in range(3):
        hand_over(ledger, add_conversion(ledger), after_s=after_s)

    discarded = discard(ledger, lambda _: False, limit=2)

    assert discarded is not None
    assert [change.received_at for change in discarded] == [START, START + timedelta(seconds=1)]
    assert len(take_changes(ledger, 9)) == 1


def test_nothing_is_discarded_once_something_follows(ledger: Connection[Any]) -> None:
    hand_over(ledger, add_conversion(ledger))

    assert discard(ledger, lambda _: True) is None
    assert len(take_changes(ledger, 9)) == 1


def test_nothing_is_discarded_beside_another_dispatcher(ledger: Connection[Any], database: str) -> None:
    hand_over(ledger, add_conversion(ledger))
    with connect(database, name="test", statement_timeout_ms=60_000) as other, other.transaction():
        dispatch(other, [])

        assert discard(ledger, lambda _: False) is None
