"""The reversal guard, by numbers that were gathered before: no Postgres is needed to decide."""

import pytest
from msgspec.structs import replace

from postledger.ledger.entry import Entry
from postledger.ledger.rules.reversal_guard import Refund, ReversalGuard, Reversals, is_guarded
from postledger.ledger.rules.status_rules import Rules
from postledger.vocabulary.statuses import Verdict
from tests.parts.entries import entry_of, refused_entry, same_again

GUARDED = Rules(reversal_guard=2)


def reversal(number: int, payout: str = "10", rules: Rules = GUARDED) -> Entry:
    return entry_of(transaction_id=f"T{number}", status="reversed", payout=payout, rules=rules)


def decide(known: Reversals, *entries: Entry) -> list[Verdict | None]:
    guard = ReversalGuard(known)
    return [guard.decide(entry, entry.event) for entry in entries if entry.event is not None]


def refund_of(entry: Entry) -> Refund:
    assert entry.event is not None
    return Refund(entry.event.dedup_key, entry.event.refund_id, entry.event.payout, entry.event.event_time)


@pytest.mark.parametrize(
    ("taken_back", "verdicts"),
    [
        (0, [None, None, Verdict.PARKED]),
        (1, [None, Verdict.PARKED, Verdict.PARKED]),
        (2, [Verdict.PARKED] * 3),
        (9, [Verdict.PARKED] * 3),
    ],
)
def test_what_the_batch_takes_back_adds_to_what_the_hour_has(taken_back: int, verdicts: list[Verdict | None]) -> None:
    known = Reversals({1: taken_back})

    assert decide(known, *(reversal(number) for number in range(3))) == verdicts


def test_several_refunds_of_one_conversion_count_once() -> None:
    refunds = [reversal(1, "-1"), reversal(1, "-2"), reversal(1, "-3")]

    assert decide(Reversals({1: 1}), *refunds, reversal(2)) == [None, None, None, Verdict.PARKED]


def test_each_source_has_its_own_count() -> None:
    theirs = replace(reversal(2), source_id=2)

    assert decide(Reversals({1: 2}), reversal(1), theirs) == [Verdict.PARKED, None]


def test_the_repeat_of_a_parked_reversal_is_a_duplicate() -> None:
    first = reversal(1)
    known = Reversals({}, {refund_of(first): first.receipt})

    assert decide(known, same_again(first)) == [Verdict.DUPLICATE]
    assert decide(known, first) == [Verdict.PARKED], "a batch that is written again"
    assert decide(known, reversal(1, "-1")) == [None], "another refund"


def test_the_repeat_of_a_reversal_parked_in_the_same_batch_is_a_duplicate() -> None:
    first = reversal(1)

    assert decide(Reversals({1: 2}), first, same_again(first)) == [Verdict.PARKED, Verdict.DUPLICATE]


def test_without_a_limit_nothing_is_held_back() -> None:
    assert decide(Reversals({1: 1000}), reversal(1, rules=Rules(reversal_guard=None))) == [None]


@pytest.mark.parametrize(
    ("entry", "is_one"),
    [
        (reversal(1), True),
        (entry_of(transaction_id="T1", reverses="T0", payout="-1", rules=GUARDED), True),
        (entry_of(transaction_id="T1", payout="1", rules=GUARDED), False),
        (reversal(1, rules=Rules(reversal_guard=None)), False),
        (reversal(1, rules=Rules(duplicates="first")), False),
        (refused_entry(), False),
    ],
)
def test_numbers_are_gathered_for_guarded_reversals_alone(entry: Entry, is_one: bool) -> None:
    assert is_guarded(entry) is is_one
