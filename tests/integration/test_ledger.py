"""The ledger's one transaction: what a batch writes, and what it answers, against real rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from psycopg import Connection

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_batch, write_entries
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.click import Click
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Verdict
from tests.parts.entries import entry_of, refused_entry, same_again
from tests.parts.sources import add_campaign, add_click
from tests.parts.waiting import HANGS_AFTER_S, wait_until

WAITING_FOR_A_ROW = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
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


def test_a_click_that_came_between_two_attempts_books_the_postback(ledger: Connection[Any], database: str) -> None:
    entry = entry_of(transaction_id="T1", click_id="late", click_check="required")
    unanswered = write_entries(ledger, [entry])
    add_click(database, "late")

    assert verdicts(unanswered + write_entries(ledger, [entry])) == ["unknown_click", "accepted"]
    assert rows(ledger, "SELECT count(*) FROM conversions") == [(1,)]


def test_rejected_comes_back_only_where_the_source_allows_it(ledger: Connection[Any]) -> None:
    write_entries(ledger, [entry_of(transaction_id="T1", status="rejected")])
    approved = entry_of(transaction_id="T1", status="approved")

    outcomes = write_entries(ledger, [approved, same_again(approved, rules=Rules(may_reapprove=True))])

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


def sale(rules: Rules, payout: str = "1", status: str = "approved", transaction_id: str = "T1") -> Entry:
    return entry_of(rules=rules, payout=payout, status=status, transaction_id=transaction_id)


def by(**settings: Any) -> Rules:
    return Rules(**settings)


@pytest.mark.parametrize(
    ("rules", "told", "booked"),
    [
        (by(), ["accepted", "duplicate", "conflict"], [Decimal(1)]),
        (by(duplicates="correct"), ["accepted", "duplicate", "updated"], [Decimal(2)]),
        (by(duplicates="first"), ["accepted", "duplicate", "duplicate"], [Decimal(1)]),
        (by(duplicates="every"), ["accepted", "duplicate", "conflict"], [Decimal(1)]),
        (by(key_by="click"), ["accepted", "duplicate", "conflict"], [Decimal(1)]),
    ],
)
@pytest.mark.parametrize("flushes", ["one batch", "a batch each"])
def test_each_policy_folds_a_batch_as_it_folds_one_after_the_other(
    ledger: Connection[Any], rules: Rules, told: list[str], booked: list[Decimal], flushes: str
) -> None:
    batch = [sale(rules), sale(rules), sale(rules, "2")]
    batches = [batch] if flushes == "one batch" else [[entry] for entry in batch]

    outcomes = [outcome for entries in batches for outcome in write_entries(ledger, entries)]

    assert verdicts(outcomes) == told
    assert rows(ledger, "SELECT payout FROM conversions") == [(payout,) for payout in booked]
    assert rows(ledger, "SELECT verdict FROM postbacks WHERE verdict <> 'refused' ORDER BY received_at") == [
        (verdict,) for verdict in told if verdict != "conflict"
    ]


def test_under_every_each_postback_without_an_id_is_a_conversion_and_each_id_is_one(ledger: Connection[Any]) -> None:
    rules = by(duplicates="every")
    nameless = [entry_of(rules=rules, payout="1") for _ in range(3)]

    outcomes = write_entries(ledger, [*nameless, sale(rules), sale(rules), sale(rules, transaction_id="T2")])

    assert verdicts(outcomes) == ["accepted", "accepted", "accepted", "accepted", "duplicate", "accepted"]
    assert verdicts(write_entries(ledger, nameless)) == ["accepted"] * 3, "a batch written again books nothing"
    assert rows(ledger, "SELECT count(*) FROM conversions") == [(5,)]


def test_by_click_a_second_transaction_of_a_click_is_a_repeat(ledger: Connection[Any]) -> None:
    rules = by(key_by="click")

    outcomes = write_entries(ledger, [sale(rules, transaction_id="T1"), sale(rules, transaction_id="T2")])

    assert verdicts(outcomes) == ["accepted", "duplicate"]


def test_a_correction_is_an_event_of_its_conversion_and_its_repeat_is_not(ledger: Connection[Any]) -> None:
    rules = by(duplicates="correct")
    first, second = sale(rules, "10"), sale(rules, "12.50")
    write_entries(ledger, [first])

    outcomes = write_entries(ledger, [second, same_again(second), same_again(first), sale(rules, "11")])
    late = write_entries(ledger, [same_again(second), same_again(first)])

    assert verdicts(outcomes) == ["updated", "duplicate", "duplicate", "updated"]
    assert verdicts(late) == ["duplicate", "duplicate"]
    assert [outcome.status for outcome in outcomes] == [None] * 4
    assert rows(ledger, "SELECT kind, payout_before, payout, delta FROM conversion_events ORDER BY received_at") == [
        ("correction", Decimal(10), Decimal("12.50"), Decimal("2.50")),
        ("correction", Decimal("12.50"), Decimal(11), Decimal("-1.50")),
    ]
    assert rows(ledger, "SELECT payout, conflicted_at FROM conversions") == [(Decimal(11), None)]


def write_while_another_waits(ledger: Connection[Any], database: str, second: Entry, *first: Entry) -> list[Outcome]:
    """Have the second wait for the lock of its conversion, write the first, commit; gives the second's outcome."""
    outcomes: list[Outcome] = []

    def write_second() -> None:
        with connect(database, name="test", statement_timeout_ms=60_000) as connection:
            outcomes.extend(write_entries(connection, [second]))

    waiting = Thread(target=write_second)
    with connect(database, name="test", statement_timeout_ms=60_000) as connection, connection.transaction():
        rows(connection, "SELECT FROM conversions FOR UPDATE")
        waiting.start()
        wait_until(lambda: rows(ledger, WAITING_FOR_A_ROW) == [(1,)], what="the second to wait")
        write_entries(connection, first)
    waiting.join(timeout=HANGS_AFTER_S)
    return outcomes


def test_a_repeat_that_waited_for_a_correction_knows_of_it(ledger: Connection[Any], database: str) -> None:
    first, second, third = (sale(by(duplicates="correct"), payout) for payout in ("10", "11", "12"))
    write_entries(ledger, [first])

    late = write_while_another_waits(ledger, database, same_again(second), second, third)

    assert verdicts(late) == ["duplicate"], "the payout from before the correction"
    assert rows(ledger, "SELECT payout FROM conversions") == [(Decimal(12),)]


def test_a_refund_that_waited_for_itself_is_a_duplicate(ledger: Connection[Any], database: str) -> None:
    write_entries(ledger, [sale(by(), "10")])
    refund = entry_of(transaction_id="R1", reverses="T1", payout="-4")

    again = write_while_another_waits(ledger, database, same_again(refund), refund)

    assert verdicts(again) == ["duplicate"]
    assert rows(ledger, "SELECT payout FROM conversions") == [(Decimal(6),)]


def test_refunds_and_reversals_are_events_that_point_to_what_they_take_back(ledger: Connection[Any]) -> None:
    opened = sale(by(), "10")
    write_entries(ledger, [opened])
    refund, too_much, rest = (sale(by(), payout, "reversed") for payout in ("-4", "-7", "-6"))

    outcomes = write_entries(ledger, [refund, too_much, same_again(refund), same_again(opened)])
    left = rows(ledger, "SELECT status, source_status, payout FROM conversions")
    outcomes += write_entries(ledger, [rest, same_again(rest)])

    assert verdicts(outcomes) == ["updated", "conflict", "duplicate", "duplicate", "updated", "duplicate"]
    assert left == [("approved", "approved", Decimal(6))]
    assert rows(
        ledger, "SELECT kind, reverses::text, payout_before, delta FROM conversion_events ORDER BY payout_before DESC"
    ) == [
        ("refund", opened.receipt, Decimal(10), Decimal(-4)),
        ("reversal", opened.receipt, Decimal(6), Decimal(-6)),
    ]
    assert rows(ledger, "SELECT status, source_status, payout FROM conversions") == [
        ("reversed", "reversed", Decimal(6))
    ]


def test_a_refund_that_names_its_sale_by_the_id_that_both_bear_has_no_id_of_its_own(ledger: Connection[Any]) -> None:
    write_entries(ledger, [sale(by(), "10")])
    named = entry_of(transaction_id="T1", reverses="T1", payout="-2")

    assert verdicts(write_entries(ledger, [named, sale(by(), "-2", "reversed")])) == ["updated", "duplicate"]


def test_a_reversal_that_speaks_of_other_money_takes_back_what_was_booked_in_its_own(ledger: Connection[Any]) -> None:
    write_entries(ledger, [sale(by(), "10")])

    write_entries(ledger, [entry_of(transaction_id="T1", status="reversed", payout="9", currency="EUR")])

    assert rows(ledger, "SELECT delta, currency, payout FROM conversion_events") == [(Decimal(-10), "USD", Decimal(9))]


def test_a_reversal_of_what_is_not_on_the_ledger_is_worth_nothing_less(ledger: Connection[Any]) -> None:
    lonely = sale(by(), "-4", "reversed")

    outcomes = write_entries(ledger, [lonely, same_again(lonely)])

    assert verdicts(outcomes) == ["accepted", "duplicate"]
    assert rows(ledger, "SELECT status, payout FROM conversions") == [("reversed", Decimal(4))]
    assert rows(ledger, "SELECT DISTINCT payout FROM postbacks") == [(Decimal(-4),)]
    assert rows(ledger, "SELECT count(*) FROM conversion_events") == [(0,)]


def test_a_batch_with_corrections_written_twice_has_the_effect_of_once(ledger: Connection[Any]) -> None:
    batch = [sale(by(duplicates="correct"), payout) for payout in ("1", "2", "3")]
    write_entries(ledger, batch)

    write_entries(ledger, batch)

    assert rows(ledger, "SELECT payout FROM conversions") == [(Decimal(3),)]
    assert rows(ledger, "SELECT count(*), sum(delta) FROM conversion_events") == [(2, Decimal(2))]
    assert rows(ledger, "SELECT count(*) FROM postbacks") == [(3,)]
