"""Statements of an account are put in order, and a missing or a repeated day is named, whenever it is imported."""

from datetime import date
from decimal import Decimal

import pytest

from postledger.reconciliation.rules.statement_chain import Link, Stated, link_statements


def state(name: str, since: int, until: int, opening: int | None, closing: int | None) -> Stated:
    """A statement of days of October."""
    first, last = (None if balance is None else Decimal(balance) for balance in (opening, closing))
    return Stated(name, date(2026, 10, since), date(2026, 10, until), first, last)


FIRST, SECOND, THIRD = state("a", 1, 1, 0, 10), state("b", 2, 2, 10, 30), state("c", 3, 3, 30, 20)


@pytest.mark.parametrize(
    "imported", [(FIRST, SECOND, THIRD), (THIRD, SECOND, FIRST), (SECOND, FIRST, THIRD)], ids=["order", "back", "mixed"]
)
def test_each_day_follows_the_one_before(imported: tuple[Stated, ...]) -> None:
    assert link_statements(imported) == {"a": Link(), "b": Link("a"), "c": Link("b")}


def test_a_missing_day_is_a_gap_until_it_is_imported() -> None:
    assert link_statements([FIRST, THIRD])["c"] == Link("a", "gap")
    assert link_statements([FIRST, THIRD, SECOND])["c"] == Link("b")


def test_a_longer_statement_overlaps_a_shorter_one() -> None:
    links = link_statements([FIRST, SECOND, state("month", 1, 3, 0, 20)])

    assert links["month"] == Link("a", "overlap")
    assert links["b"] == Link("month", "overlap")


def test_after_a_part_of_it_a_statement_follows_the_longer_one() -> None:
    links = link_statements([state("week", 1, 7, 0, 50), SECOND, state("next", 8, 8, 50, 60)])

    assert links == {"week": Link(), "b": Link("week", "overlap"), "next": Link("week")}


@pytest.mark.parametrize("reverse", [False, True])
def test_statements_of_one_day_are_ordered_by_their_balances(reverse: bool) -> None:
    pages = [state("p1", 2, 2, 10, 15), state("p2", 2, 2, 15, 30), state("p3", 2, 2, 30, 5)]

    links = link_statements([FIRST, *(pages[::-1] if reverse else pages), state("c", 3, 3, 5, 6)])

    assert links == {"a": Link(), "p1": Link("a"), "p2": Link("p1"), "p3": Link("p2"), "c": Link("p3")}


def test_the_first_statements_of_an_account_can_be_of_one_day() -> None:
    links = link_statements([state("p3", 2, 2, 30, 5), state("p2", 2, 2, 15, 30), state("p1", 2, 2, 10, 15)])

    assert links == {"p1": Link(), "p2": Link("p1"), "p3": Link("p2")}


def test_a_notification_without_balances_hides_no_gap() -> None:
    notified = state("note", 2, 2, None, None)

    links = link_statements([FIRST, notified, THIRD])

    assert links["note"] == Link("a")
    assert links["c"] == Link("a", "gap")


def test_statements_without_balances_follow_each_other() -> None:
    links = link_statements([state("x", 1, 1, None, None), state("y", 4, 4, None, None), state("z", 4, 6, None, None)])

    assert links == {"x": Link(), "y": Link("x"), "z": Link("y", "overlap")}
