"""Proves that the lines on record make the balances of statements that overlap. Pure.

Of a file that overlaps others only new lines are added, so it can add up by itself and be wrong beside the others: a
line that is in it only, or in the others only.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from postledger.reconciliation.rules.statement_chain import Stated

Run = tuple[Stated, ...]


def find_runs(statements: Iterable[Stated]) -> list[Run]:
    """Part the statements with both balances into runs whose days touch no other run.

    They are given in the order of their import. The lines of a run must lead from its first balance to its last.
    """
    runs = list[list[Stated]]()
    balanced = [each for each in statements if each.opening is not None and each.closing is not None]
    for this in sorted(balanced, key=lambda each: (each.since, each.until)):
        if runs and this.since <= max(each.until for each in runs[-1]):
            runs[-1].append(this)
        else:
            runs.append([this])
    return [tuple(run) for run in runs]


def find_difference(run: Run, booked: Decimal) -> Decimal:
    """Return opening + lines - closing of a run.

    Several statements can begin on its first day, or end on its last one: pages of a day, or a file that was made
    before the day was over. It adds up if it does with one of them.
    """
    first, last = min(each.since for each in run), max(each.until for each in run)
    differences = [
        begins.opening + booked - ends.closing
        for begins in run
        for ends in run
        if begins.since == first and ends.until == last and begins.opening is not None and ends.closing is not None
    ]
    return min(differences, key=abs)


def find_partial_days(statement: Stated, others: Sequence[Stated]) -> set[date]:
    """Return the first and the last day of a statement, if another one has the rest of that day."""
    days = set[date]()
    for each in others:
        follows = each.closing == statement.opening or each.since < statement.since
        if each.until == statement.since and follows:
            days.add(statement.since)
        is_followed = each.opening == statement.closing or each.until > statement.until
        if each.since == statement.until and is_followed:
            days.add(statement.until)
    return days


def find_excess(
    statement: Stated, others: Sequence[Stated], in_file: Mapping[date, Decimal], on_record: Mapping[date, Decimal]
) -> Decimal:
    """Return what the days of a statement have on record and its file does not have. Days in parts do not count."""
    partial = find_partial_days(statement, others)
    return sum(
        (
            on_record.get(day, Decimal(0)) - in_file.get(day, Decimal(0))
            for day in on_record.keys() | in_file.keys()
            if statement.since <= day <= statement.until and day not in partial
        ),
        Decimal(0),
    )
