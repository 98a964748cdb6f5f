"""What a batch of repeats does to known conversions: outcomes and rows, decided without Postgres."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rules.repeats import Decisions, KnownConversion, decide_repeats
from postledger.ledger.rules.reversal_guard import Reversals
from postledger.ledger.rules.status_rules import Duplicates, HadPayout, Past, Rules, is_other_click
from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from postledger.vocabulary.statuses import Standing, Status
from tests.parts.entries import entry_of, same_again

CORRECT = Rules(duplicates="correct")
NONE, ONE = Reversals(), Decimal(1)


def sale(payout: str, rules: Rules = CORRECT, status: str = "approved") -> Entry:
    return entry_of(transaction_id="T1", payout=payout, rules=rules, status=status)


def known_of(entry: Entry, payout: str | None = None, past: Past = frozenset()) -> KnownConversion:
    """The conversion that an entry repeats, as another receipt has opened it."""
    event = entry.event
    assert event is not None
    standing = Standing(Status.APPROVED, event.payout if payout is None else Decimal(payout), "USD", None)
    return KnownConversion(event.dedup_key, "opened", event.click_id, 7, standing, "approved", past=past)


def decide(known: KnownConversion, *entries: Entry, reversals: Reversals = NONE) -> Decisions:
    return decide_repeats(entries, {known.dedup_key: known}, reversals)


def verdicts(decisions: Decisions) -> list[str]:
    return [_word(outcome) for outcome in decisions.outcomes.values()]


def rows_of(decisions: Decisions) -> list[object]:
    return [*decisions.conversions, *decisions.changes, *decisions.parked]


def _word(outcome: Outcome) -> str:
    return outcome.refusal.reason.value if outcome.refusal else outcome.verdict.value


def test_a_duplicate_writes_nothing() -> None:
    repeat = sale("1")

    decisions = decide(known_of(repeat), repeat)

    assert (verdicts(decisions), decisions.outcomes[repeat.receipt].conversion_id) == (["duplicate"], "opened")
    assert rows_of(decisions) == []
    assert decisions.contradicted == {}


def test_each_entry_sees_what_those_before_it_changed() -> None:
    first, second = sale("2"), sale("3")

    decisions = decide(known_of(sale("1")), first, second, same_again(second), same_again(first), sale("1"))

    assert verdicts(decisions) == ["updated", "updated", "duplicate", "duplicate", "duplicate"]
    assert [(row.payout_before, row.payout, row.delta) for row in decisions.changes] == [
        (ONE, Decimal(2), ONE),
        (Decimal(2), Decimal(3), ONE),
    ]
    assert [(row.payout, row.updated_at) for row in decisions.conversions] == [(Decimal(3), second.received_at)]


def test_each_change_gets_the_next_revision_and_a_later_time() -> None:
    pending, approved = sale("1", status="pending"), sale("1")
    rejected = replace(sale("1", status="rejected"), received_at=approved.received_at - timedelta(seconds=1))
    known = replace(
        known_of(pending),
        standing=standing_of(pending),
        revision=4,
        changed_at=approved.received_at - timedelta(hours=1),
    )

    decisions = decide(known, approved, rejected)

    assert [(row.kind, row.status_before, row.status_after, row.revision) for row in decisions.changes] == [
        ("status", "pending", "approved", 5),
        ("status", "approved", "rejected", 6),
    ]
    assert [row.changed_at for row in decisions.changes] == [
        approved.received_at,
        approved.received_at + timedelta(microseconds=1),
    ]
    assert [(row.revision, row.updated_at) for row in decisions.conversions] == [(6, decisions.changes[-1].changed_at)]


def standing_of(entry: Entry) -> Standing:
    assert entry.event is not None
    return entry.event.standing


def test_the_past_that_was_gathered_decides() -> None:
    late = sale("1")

    assert verdicts(decide(known_of(late, payout="2"), late)) == ["updated"]
    assert verdicts(decide(known_of(late, payout="2", past=frozenset({HadPayout(Decimal(1))})), late)) == ["duplicate"]


def test_a_conflict_contradicts_the_conversion_and_leaves_it() -> None:
    other = sale("2", Rules())

    decisions = decide(known_of(sale("1")), other)

    assert verdicts(decisions) == ["conflict"]
    assert decisions.contradicted == {known_of(other).dedup_key: other.received_at}
    assert decisions.conversions == []


def test_what_the_guard_holds_back_changes_nothing_and_is_parked() -> None:
    rules = Rules(reversal_guard=1)
    taken_back = sale("1", rules, "reversed")

    decisions = decide(known_of(taken_back), taken_back, same_again(taken_back), reversals=Reversals({1: 1}))

    assert verdicts(decisions) == ["parked", "duplicate"]
    assert [(row.id, row.conversion_id) for row in decisions.parked] == [(taken_back.receipt, "opened")]
    assert (decisions.conversions, decisions.changes) == ([], [])


def test_a_refund_keeps_the_status_and_its_word() -> None:
    refund = entry_of(transaction_id="R1", reverses="T1", payout="-4", status="reversed")

    decisions = decide(known_of(refund, payout="10"), refund)

    (row,) = decisions.conversions
    assert (row.status, row.source_status, row.payout) == ("approved", "approved", Decimal(6))
    (change,) = decisions.changes
    assert (change.kind, change.reverses, change.transaction_id) == ("refund", "opened", "R1")
    assert change.delta == Decimal(-4)


def test_the_entry_that_opened_the_conversion_is_accepted_again() -> None:
    opened = sale("1")
    known = KnownConversion(known_of(opened).dedup_key, opened.receipt, "C1", 7, known_of(opened).standing)

    assert verdicts(decide(known, opened)) == ["accepted"]


@pytest.mark.parametrize(
    ("booked", "brought", "is_other"),
    [
        ("C1", "C1", False),
        ("C1 ", "C1", False),
        ("C1", "C2", True),
        ("C1", "c1", True),
        (FORGOTTEN, "C1", False),
    ],
)  # fmt: skip
def test_another_click_is_told_from_the_same_one(booked: str, brought: str, is_other: bool) -> None:
    assert is_other_click(brought, booked) is is_other


@pytest.mark.parametrize("status", ["approved", "pending", "rejected", "reversed"])
@pytest.mark.parametrize("duplicates", ["fold", "correct", "first"])
def test_another_click_under_the_same_transaction_is_a_conflict(duplicates: Duplicates, status: str) -> None:
    other = entry_of(transaction_id="T1", payout="1", click_id="C2", status=status, rules=Rules(duplicates=duplicates))

    decisions = decide(known_of(sale("1")), other)

    assert decisions.outcomes[other.receipt].refusal == Refusal(Reason.CONFLICT, cause=Cause.OTHER_CLICK)
    assert rows_of(decisions) == []
    assert list(decisions.contradicted) == [known_of(sale("1")).dedup_key]


def test_a_source_can_ignore_the_click() -> None:
    other = entry_of(transaction_id="T1", payout="1", click_id="C2", rules=Rules(other_click="ignore"))

    assert verdicts(decide(known_of(sale("1")), other)) == ["duplicate"]
