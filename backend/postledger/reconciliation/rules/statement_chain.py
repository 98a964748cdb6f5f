"""Puts the statements of an account in order, and compares each with the one before. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Literal

import msgspec

from postledger.reconciliation.rules.balance_proof import Span, find_gap


class Stated(msgspec.Struct, frozen=True):
    """A statement on record that says which days it covers."""

    id: str
    since: date
    until: date
    opening: Decimal | None
    closing: Decimal | None
    proof: str = "no_balances"

    @property
    def span(self) -> Span:
        """Return the days and balances."""
        return Span(self.since, self.until, self.opening, self.closing)


class Link(msgspec.Struct, frozen=True):
    """The statement before, and whether days are missing between the two, or are in both."""

    follows: str | None = None
    gap: Literal["gap", "overlap"] | None = None


def link_statements(statements: Iterable[Stated]) -> dict[str, Link]:
    """Find the statement before each of an account's statements, which are given in the order of their import.

    It is the one that ends last. One with balances follows one with balances, if there is any.
    """
    links = dict[str, Link]()
    last: Stated | None = None
    last_balanced: Stated | None = None
    for this in put_in_order(statements):
        before = last if this.opening is None or last_balanced is None else last_balanced
        links[this.id] = Link() if before is None else Link(before.id, find_gap(before.span, this.span))
        last = _choose_later(last, this)
        if this.closing is not None:
            last_balanced = _choose_later(last_balanced, this)
    return links


def _choose_later(last: Stated | None, this: Stated) -> Stated:
    return this if last is None or this.until >= last.until else last


def put_in_order(statements: Iterable[Stated]) -> Iterator[Stated]:
    """Put statements in order of their days, and those of equal days in the order of their balances."""
    closing: Decimal | None = None
    for _, same_days in groupby(sorted(statements, key=_days), key=_days):
        for this in _follow_balances(list(same_days), closing):
            closing = this.closing if this.closing is not None else closing
            yield this


def _days(statement: Stated) -> tuple[date, date]:
    return statement.since, statement.until


def _follow_balances(rest: Sequence[Stated], closing: Decimal | None) -> Iterator[Stated]:
    """Order the statements of equal days: each opens with the balance with which the one before closes.

    The first is one that none of the others can precede.
    """
    left = list(rest)
    while left:
        closings = [closing, *(each.closing for each in left)]
        this = min(left, key=lambda each: _rank(each, closings))
        left.remove(this)
        closing = this.closing
        yield this


def _rank(statement: Stated, closings: Sequence[Decimal | None]) -> int:
    if statement.opening is not None and statement.opening == closings[0]:
        return 0
    return 2 if statement.opening in closings[1:] else 1
