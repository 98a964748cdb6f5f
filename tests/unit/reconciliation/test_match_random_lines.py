"""Whatever bills and lines there are: parts add up, no bill is overpaid, and no order of the input matters."""

import random
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postledger.reconciliation.rules.matching.match_lines import match_lines
from postledger.reconciliation.rules.matching.subjects import Item, Line, Outcome
from postledger.reconciliation.rules.matching.subset_sums import SubsetSums
from tests.parts.bank_lines import FEE, X, Y, bill_of, line_of, receivable_of

AMOUNTS = st.sampled_from(["10", "10", "20", "30", "40.01", "70", "100", "99.99", "0.01", "250"])
NUMBERS = st.integers(1, 6)
TEXTS = st.sampled_from(["", "", "", "PL-202610-1", "PL-202610-2 PL-202610-3", "PL-202610-1 1", "RV-202610-1"])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Line], list[Item]]:
    """Some bills, receivables and lines that have much in common."""
    items = [
        make(nth, draw(AMOUNTS), draw(st.sampled_from(["X", "Y"])), draw(st.sampled_from(["EUR", "EUR", "USD"])))
        for make in (bill_of, receivable_of)
        for nth in range(1, draw(NUMBERS))
    ]
    lines = [
        line_of(
            nth, draw(st.sampled_from(["-", ""])) + draw(AMOUNTS), draw(TEXTS), day=draw(st.integers(1, 3)),
            name=draw(st.sampled_from(["", X.name, Y.name])), account_hash=draw(st.sampled_from([None, b"x", b"?"])),
            reversal=draw(st.integers(0, 4)) == 0, fee=draw(st.sampled_from([None, None, Decimal(10)])),
            instructed_amount=draw(st.sampled_from([None, None, Decimal(100)])), instructed_currency="USD",
        )
        for nth in range(1, draw(st.integers(1, 8)))
    ]  # fmt: skip
    return lines, items


def short(outcome: Outcome) -> object:
    """What became of a line, without the order of its proposals."""
    return outcome.line.key, outcome.match, Counter(outcome.proposals), outcome.reasons


@given(cases())
@settings(max_examples=60)
def test_parts_add_up_to_their_line(case: tuple[list[Line], list[Item]]) -> None:
    lines, items = case

    for outcome in match_lines(lines, items, [X, Y], terms=FEE):
        for match in [*outcome.proposals, *([] if outcome.match is None else [outcome.match])]:
            assert sum(part.amount for part in match.parts) == outcome.line.amount
            assert all(part.amount for part in match.parts if part.part != "payment")
            assert match.parts


@given(cases())
@settings(max_examples=60)
def test_no_item_is_paid_beyond_its_amount(case: tuple[list[Line], list[Item]]) -> None:
    lines, items = case
    paid: dict[str | None, Decimal] = defaultdict(Decimal)

    for outcome in match_lines(lines, items, [X, Y], terms=FEE):
        for part in () if outcome.match is None else outcome.match.parts:
            paid[part.item] += part.applied or 0

    assert all(0 <= paid[item.id] <= item.amount for item in items)


@given(cases(), st.integers())
@settings(max_examples=60)
def test_the_order_of_the_input_changes_nothing(case: tuple[list[Line], list[Item]], seed: int) -> None:
    lines, items = case
    before = match_lines(lines, items, [X, Y], terms=FEE)

    chosen = random.Random(seed)  # noqa: S311 - the same order in every run
    chosen.shuffle(lines)
    chosen.shuffle(items)

    assert [short(each) for each in match_lines(lines, items, [Y, X], terms=FEE)] == [short(each) for each in before]


@given(st.lists(AMOUNTS, min_size=1, max_size=8), AMOUNTS)
@settings(max_examples=60)
def test_only_the_only_solution_is_made(amounts: list[str], paid: str) -> None:
    items = [bill_of(nth, amount) for nth, amount in enumerate(amounts, 1)]
    solutions = _search(items, Decimal(paid))
    singles = [each for each in solutions if len(each) == 1]

    (outcome,) = match_lines([line_of(1, f"-{paid}", account_hash=b"x")], items, [X])

    if len(singles) == 1 or len(solutions) == 1:
        assert outcome.match is not None
        assert outcome.match.items in solutions
    elif len(solutions) > 1:
        assert outcome.match is None
        assert {match.items for match in outcome.proposals} <= solutions


@given(st.lists(AMOUNTS, max_size=9), AMOUNTS, st.sampled_from(["0", "0.01", "25"]))
def test_two_halves_find_every_subset(amounts: list[str], searched: str, allowed: str) -> None:
    numbers = [Decimal(amount) for amount in amounts]
    low, high = Decimal(searched) - Decimal(allowed), Decimal(searched) + Decimal(allowed)

    found = SubsetSums(numbers).find(low, high, 10_000)

    assert sorted(map(tuple, found)) == sorted(
        indexes
        for size in range(1, len(numbers) + 1)
        for indexes in combinations(range(len(numbers)), size)
        if low <= sum(numbers[index] for index in indexes) <= high
    )


@pytest.mark.parametrize(("open_bills", "state"), [(12, "matched"), (13, "proposed")])
def test_a_subset_of_many_bills_is_only_proposed(open_bills: int, state: str) -> None:
    bills = [bill_of(nth, str(2**nth)) for nth in range(1, open_bills + 1)]

    (outcome,) = match_lines([line_of(1, "-42", account_hash=b"x")], bills, [X])

    assert outcome.state == state
    assert [str(reason) for reason in outcome.reasons] == (["many_open"] if state == "proposed" else [])


def _search(items: list[Item], amount: Decimal) -> set[frozenset[str]]:
    return {
        frozenset(item.id for item in chosen)
        for size in range(1, len(items) + 1)
        for chosen in combinations(items, size)
        if sum(item.amount for item in chosen) == amount
    }
