"""Decides what is missing of an account's statements for a month. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

Rhythm = Literal["daily", "weekly", "monthly"]
Missing = Literal["no_statement", "ends_early", "gap", "unproven"]

_SLACK = {"daily": timedelta(days=4), "weekly": timedelta(days=8), "monthly": timedelta(days=31)}
"""How long before its end a month may be left without a statement: a weekend and a holiday, a week, a month."""


class Covered(msgspec.Struct, frozen=True):
    """A statement: the first and the last day that it covers, its proof, and whether something is missing before it.

    `lacks_opening`: it is the first one of its account, has only a closing balance, and was read without a fault.
    """

    id: str
    since: date
    until: date
    proof: Literal["proven", "unproven", "no_balances"]
    gap: Literal["gap", "overlap"] | None
    difference: Decimal | None = None
    lacks_opening: bool = False


class Lack(msgspec.Struct, frozen=True):
    """What is missing. `statement_id` names the statement that follows a gap, or is not proven by `difference`."""

    missing: Missing
    statement_id: str | None = None
    last_day: date | None = None
    difference: Decimal | None = None


def find_lacks(rhythm: Rhythm, statements: Sequence[Covered], first_day: date, last_day: date) -> list[Lack]:
    """Return what is missing of a month. `statements` are those that have a day of it, and all later ones, in order."""
    of_month = [each for each in statements if each.since <= last_day]
    if not of_month:
        return [Lack("no_statement")]
    until = max(each.until for each in of_month)
    next_one = [] if until >= last_day else statements[len(of_month) :][:1]
    lacks = [Lack("gap", each.id) for each in (*of_month, *next_one) if each.gap == "gap" and each.since > first_day]
    lacks += [
        Lack("unproven", each.id, difference=each.difference) for each in of_month if not _is_proven(each, statements)
    ]
    is_left_open = not next_one and until <= last_day - _SLACK[rhythm]
    return [*lacks, Lack("ends_early", None, until)] if is_left_open else lacks


def _is_proven(statement: Covered, statements: Sequence[Covered]) -> bool:
    """Return whether balances prove a statement, or others prove its days, as they do those of a notification.

    No statement is asked for that would prove the first one of an account.
    """
    if statement.proof != "no_balances":
        return statement.proof == "proven"
    if statement.lacks_opening:
        return True
    proven = [each for each in statements if each.proof == "proven"]
    return any(each.since <= statement.since for each in proven) and any(
        each.until >= statement.until for each in proven
    )
