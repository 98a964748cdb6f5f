"""Finds what a statement adds to days that other statements have whole, and so without it. Pure.

The first and the last day of a statement can be in parts, because a file can be made before a day is over.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from postledger.reconciliation.rules.statement_chain import Stated


class Added(msgspec.Struct, frozen=True):
    """A proven statement, what its file has by day, and what of it was not on record before."""

    statement: Stated
    in_file: Mapping[date, Decimal]
    new: Mapping[date, Decimal]


def find_contradicted(added: Added, others: Sequence[Stated]) -> Decimal:
    """Return what a statement adds to whole days of others, which are proven and have both balances."""
    this = added.statement
    new = {day: amount for day, amount in added.new.items() if this.since <= day <= this.until}
    days, differences = set[date](), [Decimal(0)]
    for each in others:
        whole = {day for day in new if each.since <= day <= each.until and _has_whole(each, day, added, others)}
        if difference := _sum(new, whole):
            days |= whole
            differences.append(difference)
    return _sum(new, days) or max(differences, key=abs)  # lines that contradict different statements can add up to zero


def _has_whole(statement: Stated, day: date, added: Added, others: Sequence[Stated]) -> bool:
    begins = statement.since < day or _begins_whole(statement, added, others)
    return begins and (day < statement.until or _ends_whole(statement, others))


def _begins_whole(statement: Stated, added: Added, others: Sequence[Stated]) -> bool:
    """Whether the file that was added, or the end of another statement, has the opening balance for that morning."""
    this = added.statement
    if any(each.until < statement.since and each.closing == statement.opening for each in others):
        return True
    if this.opening is None or this.since > statement.since:
        return False
    return (
        this.opening + _sum(added.in_file, [day for day in added.in_file if day < statement.since]) == statement.opening
    )


def _ends_whole(statement: Stated, others: Sequence[Stated]) -> bool:
    """Whether a statement of later days begins with the closing balance."""
    return any(each.since > statement.until and each.opening == statement.closing for each in others)


def _sum(amounts: Mapping[date, Decimal], days: Iterable[date]) -> Decimal:
    return sum((amounts[day] for day in days), Decimal(0))
