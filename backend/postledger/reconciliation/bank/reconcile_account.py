"""Reconciles the lines of a bank account and a month with bills and receivables: what each pays, and what is open."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.advisory_locks import MATCHES, MONTHS, share_lock, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_texts import open_bank_texts
from postledger.policy.finance_store import read_finance
from postledger.reconciliation.bank.bank_items import (
    add_found_items,
    find_gaps,
    find_line_items,
    find_overdue,
    find_unproven_month,
)
from postledger.reconciliation.bank.match_store import (
    Decrypt,
    OpenLine,
    Scope,
    find_account,
    read_items,
    read_lines,
    read_payee_accounts,
    read_settled,
    read_terms,
    sum_paid,
    write_outcomes,
)
from postledger.reconciliation.bank.receivables import write_receivables
from postledger.reconciliation.items.found_items import create_found_items, settle_items
from postledger.reconciliation.reports.reconcile_report import OnProgress
from postledger.reconciliation.rules.bank_account import BankAccount
from postledger.reconciliation.rules.matching.match_lines import match_lines
from postledger.reconciliation.rules.matching.subjects import Item, LineKey, Outcome, Settled
from postledger.reconciliation.rules.months import next_month
from postledger.reconciliation.runs import Counts, Run, begin_run, finish_run, recorded_failure
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.reconciliation")

_STEPS = 5


class MatchedLines(msgspec.Struct, frozen=True):
    """A run over an account and a month, and what it found by class and currency. `matched`: all matched lines."""

    run: Run
    classes: Counts


class _Read(msgspec.Struct, frozen=True):
    """What is matched: the lines that are open, those whose matches stay, and what they can pay."""

    scope: Scope
    lines: Sequence[OpenLine]
    settled: Sequence[Settled]
    items: Sequence[Item]


def reconcile_account(
    connection: Connection[Any], keyring: Keyring, account: str, period: date, *, actor: str, on_progress: OnProgress
) -> MatchedLines:
    """Match the lines of an account and a month, and keep what people must look at as work items.

    Raises `NotFound`, or `NotPossible` if the same account and month is being reconciled.
    """
    settings, now = _read_settings(connection, account), read_clock(connection)
    decrypt = open_bank_texts(connection, keyring, now).decrypt
    run = begin_run(connection, "bank", account, period, as_of=now, actor=actor, now=now)
    with recorded_failure(connection, run):
        create_found_items(connection)
        with connection.transaction():
            found = _read(connection, _lock(connection, settings, period), decrypt, now)
            on_progress(1, _STEPS)
            outcomes = _match(connection, settings, found)
            on_progress(2, _STEPS)
            write_outcomes(connection, run, outcomes, found.lines, now)
            sum_paid(connection, now)
            on_progress(3, _STEPS)
            _add_items(connection, run, found, outcomes, now)
        settled = settle_items(connection, run, now)
        on_progress(_STEPS, _STEPS)
        classes = [*_sum_matched(connection, found.scope), *settled]
        finish_run(connection, run, classes, read_clock(connection))
    return MatchedLines(run, classes)


def _read_settings(connection: Connection[Any], account: str) -> BankAccount:
    found = find_account(connection, account)
    if found is None:
        raise NotFound(f"bank account {account} is not configured; add it to [[bank_accounts]]")
    return found


def _lock(connection: Connection[Any], account: BankAccount, period: date) -> Scope:
    # Each statement sees what was committed before it began, so the locks come before the first one that reads.
    wait_for_lock(connection, MATCHES)
    share_lock(connection, MONTHS)
    locked = connection.execute(sql("is_locked"), (period,)).fetchone() == (True,)
    return Scope(account.slug, account.currency, period, next_month(period), locked)


def _read(connection: Connection[Any], scope: Scope, decrypt: Decrypt, now: datetime) -> _Read:
    write_receivables(connection, scope.since, now)
    lines = read_lines(connection, scope, decrypt)
    return _Read(scope, lines, read_settled(connection, scope), read_items(connection, scope.looked_back))


def _match(connection: Connection[Any], account: BankAccount, found: _Read) -> list[Outcome]:
    stored, lines = read_finance(connection), [each.line for each in found.lines]
    max_age_days = None if stored is None else stored.settings.rates_max_age_days
    terms = read_terms(connection, account, lines, {item.currency for item in found.items}, max_age_days)
    return match_lines(lines, found.items, read_payee_accounts(connection), found.settled, terms)


def _add_items(connection: Connection[Any], run: Run, found: _Read, outcomes: Sequence[Outcome], now: datetime) -> None:
    items, subjects = {item.id: item for item in found.items}, {each.line.key: each.subject for each in found.lines}
    kept, subjects_of_kept = _list_kept(connection, found)
    add_found_items(
        connection,
        run,
        chain(
            find_line_items([*outcomes, *kept], subjects | subjects_of_kept, items),
            find_gaps(connection, found.scope),
            find_unproven_month(connection, found.scope),
            find_overdue(connection, found.scope, now.date()),
        ),
    )


def _list_kept(connection: Connection[Any], found: _Read) -> tuple[list[Outcome], dict[LineKey, str]]:
    """A person may confirm that a part is not applied to anything. It stays a work item all the same."""
    rows = connection.execute(sql("read_kept_rests"), msgspec.structs.asdict(found.scope)).fetchall()
    subjects = {(statement_id, line_no): subject for statement_id, line_no, subject in rows}
    new = {each.line.key for each in found.lines}
    kept = [each for each in found.settled if each.line.key in subjects and each.line.key not in new]
    return [Outcome(each.line, each.match) for each in kept], subjects


def _sum_matched(connection: Connection[Any], scope: Scope) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("sum_matched_lines"), msgspec.structs.asdict(scope)).fetchall()
