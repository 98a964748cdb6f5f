"""Proves by balances that no line of a bank statement is missing, wrong or there twice. Pure."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

ProofState = Literal["proven", "unproven", "no_balances"]


class Proof(msgspec.Struct, frozen=True):
    """`difference` is opening + lines - closing, if that is not zero."""

    state: ProofState
    difference: Decimal | None = None


class Span(msgspec.Struct, frozen=True):
    """The days that a statement covers, and its balances, as far as it says them."""

    since: date | None
    until: date | None
    opening: Decimal | None
    closing: Decimal | None


def prove(opening: Decimal | None, booked: Decimal, closing: Decimal | None) -> Proof:
    """Prove a statement by the sum of all its booked lines; pending lines are no money."""
    if opening is None or closing is None:
        return Proof("no_balances")
    difference = opening + booked - closing
    return Proof("unproven", difference) if difference else Proof("proven")


def prove_added(before: Span, this: Span, added: Decimal) -> Proof:
    """Prove that the right lines were added of a statement that overlaps the one before, and ends no earlier."""
    return prove(before.closing, added, this.closing)


def adjoins(before: Span, this: Span) -> bool:
    """Return whether no day is missing between a statement and the one before of its account."""
    if before.until is None or this.since is None:
        return False
    return this.since <= before.until + timedelta(days=1)


def find_gap(before: Span, this: Span) -> Literal["gap", "overlap"] | None:
    """Compare a statement with the one before of its account.

    Without balances only an overlap can be seen: a day without a line is no gap.
    """
    if None not in (before.until, this.since) and _begins_before_the_end(before, this):
        return "overlap"
    if None in (before.closing, this.opening) or before.closing == this.opening:
        return None
    return "overlap" if before.until is not None and before.until == this.since else "gap"


def _begins_before_the_end(before: Span, this: Span) -> bool:
    assert before.until is not None
    assert this.since is not None
    if this.since != before.until:
        return this.since < before.until
    return None in (before.closing, this.opening)  # two files of one day can follow each other, if the balances say so
