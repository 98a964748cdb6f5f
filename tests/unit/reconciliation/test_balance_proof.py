"""A statement is proven by its balances, and by those of the statement before."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.reconciliation.rules.balance_proof import Proof, Span, adjoins, find_gap, prove, prove_added


def span(since: int | None, until: int | None, opening: str | None, closing: str | None) -> Span:
    """Days of October, and balances."""
    first, last = (None if day is None else date(2026, 10, day) for day in (since, until))
    before, after = (None if balance is None else Decimal(balance) for balance in (opening, closing))
    return Span(first, last, before, after)


def test_a_statement_that_adds_up_is_proven() -> None:
    assert prove(Decimal("100.00"), Decimal("-0.5"), Decimal("99.50")) == Proof("proven")


def test_a_statement_that_does_not_shows_the_difference() -> None:
    assert prove(Decimal("100.00"), Decimal("50.00"), Decimal("140.00")) == Proof("unproven", Decimal("10.00"))


@pytest.mark.parametrize(("opening", "closing"), [(None, "1"), ("1", None), (None, None)])
def test_without_both_balances_nothing_is_proven(opening: str | None, closing: str | None) -> None:
    found = span(None, None, opening, closing)

    assert prove(found.opening, Decimal(0), found.closing) == Proof("no_balances")


@pytest.mark.parametrize(
    ("before", "this", "found"),
    [
        (span(1, 1, "0", "10"), span(2, 2, "10", "12"), None),
        (span(1, 1, "0", "10"), span(5, 5, "10", "12"), None),  # days without a line
        (span(1, 1, "0", "10"), span(3, 3, "11", "12"), "gap"),
        (span(1, 1, "0", "10"), span(1, 1, "10", "12"), None),  # two files of one day
        (span(1, 1, "0", "10"), span(1, 2, "0", "12"), "overlap"),
        (span(1, 5, "0", "10"), span(4, 9, "10", "12"), "overlap"),
        (span(1, 5, "0", "10"), span(1, 5, "0", "10"), "overlap"),
        (span(1, 5, None, None), span(5, 9, None, None), "overlap"),
        (span(1, 5, None, None), span(9, 9, None, None), None),
        (span(None, None, "0", "10"), span(None, None, "11", "12"), "gap"),
        (span(None, None, None, "10"), span(None, None, None, "12"), None),
    ],
)
def test_a_gap_or_an_overlap_is_named(before: Span, this: Span, found: str | None) -> None:
    assert find_gap(before, this) == found


@pytest.mark.parametrize(
    ("until", "since", "found"), [(5, 6, True), (5, 5, True), (5, 2, True), (5, 7, False), (None, 6, False)]
)
def test_no_day_is_missing_between_two_that_adjoin(until: int | None, since: int, found: bool) -> None:
    assert adjoins(span(1, until, None, "1"), span(since, 9, None, "2")) is found


def test_an_overlap_is_proven_by_what_was_added() -> None:
    before, this = span(1, 5, "0", "10"), span(4, 9, "8", "12")

    assert prove_added(before, this, Decimal(2)) == Proof("proven")
    assert prove_added(before, this, Decimal(4)) == Proof("unproven", Decimal(2))


amounts = st.decimals(-10_000, 10_000, places=3)


@given(amounts, st.lists(amounts, min_size=1))
def test_each_lost_or_wrong_line_shows(opening: Decimal, lines: list[Decimal]) -> None:
    closing = opening + sum(lines)

    assert prove(opening, sum(lines, Decimal(0)), closing).state == "proven"
    assert prove(opening, sum(lines[1:], Decimal(0)), closing).difference == (-lines[0] or None)
