"""Proves the lines on record of an account after an import: those that were added can contradict other statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.bank_store import read_chain
from postledger.reconciliation.bank.read_file import day_of
from postledger.reconciliation.rules.occurrences import NewLine
from postledger.reconciliation.rules.record_proof import Run, find_difference, find_excess, find_runs
from postledger.reconciliation.rules.statement_chain import Stated
from postledger.reconciliation.rules.statement_lines import BankLine
from postledger.reconciliation.rules.whole_days import Added, find_contradicted

sql = statements_of("postledger.reconciliation")


class AddedTo(msgspec.Struct, frozen=True):
    """The statement that was added to an account, the lines that its file has, and those that were not on record."""

    account: str
    statement_id: str
    lines: Sequence[BankLine]
    new: Sequence[NewLine]


def find_added_difference(connection: Connection[Any], added: AddedTo) -> Decimal | None:
    """Return by how much the account differs from its balances since a statement was added. None: it does not.

    What others made differ before counts for them.
    """
    chain = read_chain(connection, added.account)
    this = next((each for each in chain if each.id == added.statement_id), None)
    if this is None:
        return None
    return _find_difference_of_runs(connection, added, chain, this) or _find_contradicted(added, chain, this)


def _find_difference_of_runs(
    connection: Connection[Any], added: AddedTo, chain: Sequence[Stated], this: Stated
) -> Decimal | None:
    touched = [run for run in find_runs(chain) if this in run or _touches(run, this)]
    members = {each.id for run in touched for each in run} - {this.id}
    if not members:
        return None
    after = [find_difference(run, _sum(connection, added.account, run, None)) for run in touched]
    rest = find_runs(each for each in chain if each.id in members)
    before = [find_difference(run, _sum(connection, added.account, run, this.id)) for run in rest]
    return sum(after, Decimal(0)) - sum(before, Decimal(0)) or None if any(after) else None


def _find_contradicted(added: AddedTo, chain: Sequence[Stated], this: Stated) -> Decimal | None:
    """Find lines that are new on days of other statements. The last balance of all of them can be that of this file."""
    if this.proof != "proven" or not added.new:
        return None
    others = [each for each in chain if each.id != this.id and each.proof == "proven"]
    new = _sum_file(each.line for each in added.new)
    return find_contradicted(Added(this, _sum_file(added.lines), new), others) or None


def find_missing(connection: Connection[Any], added: AddedTo) -> Decimal | None:
    """Return what is on record of the days of a statement with balances, and not in its file. None: nothing.

    It is not told if another statement of these days is not proven, because that one counts already.
    """
    chain = read_chain(connection, added.account)
    this = next((each for each in chain if each.id == added.statement_id), None)
    if this is None or this.proof != "proven":
        return None
    others = [each for each in chain if each.id != this.id and _overlap(each, this)]
    if not others or any(each.proof == "unproven" for each in others):
        return None
    values = {"account": added.account, "since": this.since, "until": this.until}
    on_record = dict(connection.execute(sql("sum_days"), values).fetchall())
    return find_excess(this, others, _sum_file(added.lines), on_record) or None


def _touches(run: Run, this: Stated) -> bool:
    """Whether a statement without balances has days of a run. It can have added lines there."""
    return (this.opening is None or this.closing is None) and any(_overlap(each, this) for each in run)


def _overlap(one: Stated, other: Stated) -> bool:
    return one.since <= other.until and other.since <= one.until


def _sum(connection: Connection[Any], account: str, run: Run, without: str | None) -> Decimal:
    values: Mapping[str, object] = {
        "account": account,
        "ids": [each.id for each in run],
        "since": min(each.since for each in run),
        "until": max(each.until for each in run),
        "without": without,
    }
    row = connection.execute(sql("sum_run"), values).fetchone()
    assert row is not None, "the statement returns a row"
    return Decimal(row[0])


def _sum_file(lines: Iterable[BankLine]) -> dict[date, Decimal]:
    sums = defaultdict[date, Decimal](Decimal)
    for line in lines:
        if not line.pending and (day := day_of(line)) is not None:
            sums[day] += line.amount
    return sums
