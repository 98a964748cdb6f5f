"""Judges whether balances prove the month of a bank account. Reports, work items and locks go by it. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from postledger.reconciliation.rules.month import BankStatement

ProofOfMonth = Literal["proven", "unproven", "no_opening", "no_balances", "missing"]


class AccountProof(msgspec.Struct, frozen=True):
    """`difference` is opening + booked lines - closing of the month, if its balances are known.

    `no_opening`: only the first statement of the account is not proven, because none before it has its opening balance.
    `is_named`: a statement that is not proven, or a gap before one, says what is wrong.
    """

    state: ProofOfMonth
    opening: Decimal | None
    closing: Decimal | None
    difference: Decimal | None
    is_named: bool

    @property
    def unnamed(self) -> Decimal | None:
        """The difference that no statement tells of. None if there is none."""
        return None if self.is_named else self.difference or None


def judge_month(
    statements: Sequence[BankStatement],
    ends: Sequence[tuple[Decimal, Decimal]],
    booked: Decimal,
    first_day: date,
) -> AccountProof:
    """Judge a month: each statement is proven, or others prove its days, no day is missing, and it adds up.

    `ends` are the balances that the month can begin and end with, the likeliest first.
    """
    opening, closing = next((each for each in ends if each[0] + booked == each[1]), ends[0] if ends else (None, None))
    difference = None if opening is None or closing is None else opening + booked - closing
    is_named = any(each.proof == "unproven" or _follows_gap(each, first_day) for each in statements)
    return AccountProof(_find_state(statements, difference, is_wrong=is_named), opening, closing, difference, is_named)


def _find_state(statements: Sequence[BankStatement], difference: Decimal | None, *, is_wrong: bool) -> ProofOfMonth:
    if not statements:
        return "missing"
    if difference or is_wrong:
        return "unproven"
    left = [each for each in statements if not _is_proven(each, statements)]
    if left:
        return "no_opening" if all(each.lacks_opening for each in left) else "no_balances"
    return "proven"


def _follows_gap(statement: BankStatement, first_day: date) -> bool:
    return statement.gap == "gap" and statement.since > first_day


def _is_proven(statement: BankStatement, statements: Sequence[BankStatement]) -> bool:
    proven = [each for each in statements if each.proof == "proven"]
    begins = any(each.since <= statement.since for each in proven)
    return begins and any(each.until >= statement.until for each in proven)
