"""The ledger's one transaction: what a batch writes, and what it answers, against real rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from postledger.adapters.postgres.connecting import connect
from postledger.adapters.postgres.ledger import write_batch, write_entries
from postledger.domain.click import Click
from postledger.domain.entry import Outcome
from postledger.domain.refusal import Reason, Refusal
from postledger.domain.status import Verdict
from tests.parts.entries import entry_of, refused_entry, same_again
from tests.parts.sources import add_campaign, add_click


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=5000) as connection:
        yield connection


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [outcome.refusal.reason.value if outcome.refusal else outcome.verdict.value for outcome in outcomes]


def rows(ledger: Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    return ledger.execute(statement.encode()).fetchall()


def test_a_new_event_opens_a_conversion_and_leaves_an_audit_row(ledger: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1", payout="0.50", sub1="a", event_time="1790000000")

    (outcome,) = write_entries(ledger, [entry])

    assert (outcome.verdict, outcome.conversion_id) == (Verdict.ACCEPTED, entry.receipt)
    assert rows(ledger, "SELECT id::text, transaction_id, payout, currency, status, subs FROM conversions") == [
        (entry.receipt, "T1", Decimal("0.50"), "USD", "approved", {"sub1": "a"})
    ]
    assert rows(ledger, "SELECT id::text, verdict, conversion_id::text, host(source_ip), raw FROM postbacks") == [
        (entry.receipt, "accepted", entry.receipt, "127.0.0.1", b"as sent")
    ]


def test_money_is_stored_digit_by_digit(ledger: Connection[Any]) -> None:
    write_entries(ledger, [entry_of(transaction_id="T1", payout="123456789012.000001")])

    assert str(rows(ledger, "SELECT payout FROM conversions")[0][0]) == "123456789012.000001"


def test_a_repeat_in_a_later_batch_is_a_duplicate(ledger: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1", payout="1")
    write_entries(ledger, [entry])

    (outcome,) = write_entries(ledger, [same_again(entry)])

    assert (outcome.verdict, outcome.conversion_id) == (Verdict.DUPLICATE, entry.receipt)
    assert rows(ledger, "SELECT count(*) FROM conversions") == [(1,)]
    assert rows(ledger, "SELECT verdict FROM postbacks ORDER BY received_at") == [("accepted",), ("duplicate",)]


def test_repeats_within_one_batch_see_each_other(ledger: Connection[Any]) -> None:
    pending = entry_of(transaction_id="T1", payout="1", status="pending")
    approved = entry_of(transaction_id="T1", payout="2", status="approved")

    outcomes = write_entries(ledger, [pending, approved, same_again(approved), same_again(pending), approved_again()])

    assert verdicts(outcomes) == ["accepted", "updated", "duplicate", "duplicate", "conflict"]
    assert rows(ledger, "SELECT status, payout FROM conversions") == [("approved", Decimal(2))]


def approved_again() -> Any:
    return entry_of(transaction_id="T1", payout="3", status="approved")


def test_a_conflict_is_recorded_and_flagged_and_changes_nothing(ledger: Connection[Any]) -> None:
    write_entries(ledger, [entry_of(transaction_id="T1", payout="1")])
    before = rows(ledger, "SELECT status, payout, updated_at FROM conversions")

    (outcome,) = write_entries(ledger, [entry_of(transaction_id="T1", payout="2")])

    assert outcome.refusal == Refusal(Reason.CONFLICT)
    assert rows(ledger, "SELECT status, payout, updated_at FROM conversions") == before
    assert rows(ledger, "SELECT conflicted_at IS NOT NULL FROM conversions") == [(True,)]
    assert rows(ledger, "SELECT reason, payout FROM postbacks WHERE verdict = 'refused'") == [("conflict", Decimal(2))]


def test_an_unknown_click_is_refused_only_where_clicks_are_required(ledger: Connection[Any]) -> None:
    strict, lenient = entry_of(click_check="required", event="a"), entry_of(event="b")

    outcomes = write_entries(ledger, [strict, lenient])

    assert verdicts(outcomes) == ["unknown_click", "accepted"]
    assert rows(ledger, "SELECT event FROM conversions") == [("b",)]


def test_what_was_observed_stands_in_the_audit_row_of_new_and_repeated_postbacks(ledger: Connection[Any]) -> None:
    watched = entry_of(click_check="observed", transaction_id="T1")
    unsigned = same_again(watched, observed=(Reason.BAD_SIGNATURE,))

    outcomes = write_entries(ledger, [watched, unsigned])

    assert [outcome.observed for outcome in outcomes] == [
        (Reason.UNKNOWN_CLICK,),
        (Reason.BAD_SIGNATURE, Reason.UNKNOWN_CLICK),
    ]
    assert rows(ledger, "SELECT verdict, observed FROM postbacks ORDER BY received_at") == [
        ("accepted", ["unknown_click"]),
        ("duplicate", ["bad_signature", "unknown_click"]),
    ]


def test_a_click_tells_campaign_and_affiliate_and_the_postback_overrules_the_affiliate(
    ledger: Connection[Any], database: str
) -> None:
    campaign_id = add_campaign(database, "spring")
    add_click(database, "C1", campaign_id, "456")

    outcomes = write_entries(ledger, [entry_of(event="a"), entry_of(event="b", affiliate_id="789")])

    assert {outcome.campaign_id for outcome in outcomes} == {campaign_id}
    assert rows(ledger, "SELECT campaign_id, affiliate_id FROM conversions ORDER BY event") == [
        (campaign_id, "456"),
        (campaign_id, "789"),
    ]


def test_a_refusal_leaves_an_audit_row_and_nothing_else(ledger: Connection[Any]) -> None:
    write_entries(ledger, [refused_entry(Reason.BAD_SIGNATURE)])

    assert rows(ledger, "SELECT verdict, reason, conversion_id FROM postbacks") == [("refused", "bad_signature", None)]
    assert rows(ledger, "SELECT count(*) FROM conversions") == [(0,)]


def test_a_batch_written_twice_has_the_effect_of_once(ledger: Connection[Any]) -> None:
    batch = [entry_of(transaction_id="T1"), entry_of(transaction_id="T2"), refused_entry()]
    first = write_entries(ledger, batch)

    second = write_entries(ledger, batch)

    assert second == first
    assert rows(ledger, "SELECT count(*) FROM conversions") == [(2,)]
    assert rows(ledger, "SELECT count(*) FROM postbacks") == [(3,)]


def test_rejected_comes_back_only_where_the_source_allows_it(ledger: Connection[Any]) -> None:
    write_entries(ledger, [entry_of(transaction_id="T1", status="rejected")])
    approved = entry_of(transaction_id="T1", status="approved")

    outcomes = write_entries(ledger, [approved, same_again(approved, may_reapprove=True)])

    assert verdicts(outcomes) == ["conflict", "updated"]


def test_clicks_and_postbacks_share_a_batch(ledger: Connection[Any]) -> None:
    click = Click("C9", 1, None, {"sub1": "x"}, datetime.now(UTC))

    outcomes = write_batch(ledger, [click, entry_of(click_id="C9", click_check="required"), click])

    assert [outcome.verdict.value if outcome else None for outcome in outcomes] == [None, "accepted", None]
    assert rows(ledger, "SELECT click_id, subs FROM clicks") == [("C9", {"sub1": "x"})]


def test_what_nobody_signed_is_kept_with_the_conversion_until_a_signed_event_replaces_it(
    ledger: Connection[Any],
) -> None:
    pending = entry_of(transaction_id="T1", payout="1", status="pending")
    loose = entry_of(transaction_id="T1", payout="2", status="approved")

    write_entries(ledger, [same_again(pending, unsigned=("payout", "status", "sub1"))])
    opened = rows(ledger, "SELECT unsigned FROM conversions")
    write_entries(ledger, [same_again(loose, unsigned=("payout",))])

    assert opened == [(["payout", "status", "sub1"],)]
    assert rows(ledger, "SELECT unsigned, payout FROM conversions") == [(["payout", "sub1"], Decimal(2))]


def test_a_signed_conversion_has_nothing_unsigned(ledger: Connection[Any]) -> None:
    signed = entry_of(transaction_id="T1", status="pending")

    write_entries(ledger, [signed, entry_of(transaction_id="T1", status="approved")])

    assert rows(ledger, "SELECT status, unsigned FROM conversions") == [("approved", None)]
