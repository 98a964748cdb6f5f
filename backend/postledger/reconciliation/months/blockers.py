"""Finds what keeps a month from being locked, and says for each what to do."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import msgspec
from psycopg import Connection

from postledger.finance.books import Books
from postledger.finance.rules.bill_amounts import write_amount
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.month_tables.accounts import read_proof
from postledger.reconciliation.month_tables.reading import MonthReader
from postledger.reconciliation.rules.bank_month import Covered, Lack, find_lacks
from postledger.reconciliation.rules.months import find_last_day, is_over, name_month, next_month
from postledger.reconciliation.rules.work_item import name_class
from postledger.vocabulary.wording import count

sql = statements_of("postledger.reconciliation")

_MOST_NAMED = 20
BlockerKind = Literal["not_over", "missing_statement", "unproven_statement", "running", "not_reconciled", "open_items"]


class Blocker(msgspec.Struct, frozen=True):
    """One reason why a month is not locked. `scope`: the source or the bank account. `command`: what to run."""

    kind: BlockerKind
    scope: str | None
    problem: str
    command: str

    def __str__(self) -> str:
        return f"{self.problem}; run: {self.command}"


def find_blockers(connection: Connection[Any], period: date, books: Books, now: datetime) -> list[Blocker]:
    """Return what keeps a month from being locked, in the order in which it is worked on."""
    return [
        *_find_running_month(period, books, now),
        *_find_missing_reports(connection, period),
        *_find_missing_statements(connection, period),
        *_find_runs(connection, period),
        *_find_open_items(connection, period, books),
    ]


def _find_running_month(period: date, books: Books, now: datetime) -> Iterator[Blocker]:
    if not is_over(period, books.zone, now):
        month, after = name_month(period), next_month(period)
        yield Blocker("not_over", None, f"{month} is not over before {after}", f"postledger period lock {month}")


def _find_missing_reports(connection: Connection[Any], period: date) -> Iterator[Blocker]:
    for (source,) in connection.execute(sql("find_missing_reports"), {"period": period}).fetchall():
        month = name_month(period)
        yield Blocker(
            "missing_statement", source, f"the report of {source} for {month} is missing",
            f"postledger statement import FILE --period {month}",
        )  # fmt: skip


def _find_missing_statements(connection: Connection[Any], period: date) -> Iterator[Blocker]:
    last_day = find_last_day(period)
    rows = connection.execute(sql("list_expected_statements"), {"first_day": period}).fetchall()
    for (account, rhythm, currency), of_account in groupby(rows, itemgetter(0, 1, 2)):
        statements = [Covered(*row[3:]) for row in of_account if row[3] is not None]
        lacks = find_lacks(rhythm, statements, period, last_day)
        for lack in lacks:
            yield _describe_lack(account, lack, period, currency)
        if not lacks:
            yield from _find_unproven_month(connection, account, period, currency)


def _find_unproven_month(connection: Connection[Any], account: str, period: date, currency: str) -> Iterator[Blocker]:
    """Find a month that balances do not prove, although each of its statements is proven."""
    proof, month = read_proof(MonthReader(connection, period), account), name_month(period)
    if proof.state == "unproven":
        difference = write_amount(abs(proof.difference or Decimal(0)), currency)
        yield Blocker(
            "unproven_statement", account,
            f"the lines of {account} in {month} and its balances differ by {difference} {currency}",
            f"postledger discrepancies list --period {month} --class unproven --account {account}",
        )  # fmt: skip
    elif proof.state == "no_balances":
        problem = f"the statements of {account} have no balances for all days of {month}"
        yield Blocker("unproven_statement", account, problem, "postledger statement import FILE")


def _describe_lack(account: str, lack: Lack, period: date, currency: str) -> Blocker:
    what = f"statement {(lack.statement_id or '')[:8]} of {account}"
    show = f"postledger statement show {(lack.statement_id or '')[:8]}"
    if lack.missing == "unproven":
        by = f": they differ by {write_amount(abs(lack.difference), currency)} {currency}" if lack.difference else ""
        return Blocker("unproven_statement", account, f"{what} is not proven by its balances{by}", show)
    problems = {
        "no_statement": f"the statements of {account} for {name_month(period)} are missing",
        "ends_early": f"the statements of {account} end on {lack.last_day}",
        "gap": f"a statement before {what} is missing",
    }
    return Blocker("missing_statement", account, problems[lack.missing], "postledger statement import FILE")


def _find_runs(connection: Connection[Any], period: date) -> Iterator[Blocker]:
    for kind, scope, actor in connection.execute(sql("list_running"), (period,)).fetchall():
        problem = f"{actor} reconciles {scope} at this moment"
        yield Blocker("running", scope, problem, _reconcile(period, kind, scope))
    values = {"period": period, "last_day": find_last_day(period)}
    for kind, scope in connection.execute(sql("find_unreconciled"), values).fetchall():
        problem = f"{scope} has statements that were not compared with the ledger"
        yield Blocker("not_reconciled", scope, problem, _reconcile(period, kind, scope))


def _reconcile(period: date, kind: str, scope: str) -> str:
    option = "--source" if kind == "report" else "--account"
    return f"postledger reconcile --period {name_month(period)} {option} {scope}"


def _find_open_items(connection: Connection[Any], period: date, books: Books) -> Iterator[Blocker]:
    rates = _find_rates(connection, period, books)
    values = {
        "period": period,
        "currencies": list(rates),
        "rates": list(rates.values()),
        "lock_below": books.settings.lock_below,
        "most": _MOST_NAMED,
    }
    for kind, word, late, scope, currency, number, stake, ids in connection.execute(sql("find_open_items"), values):
        option = "--source" if kind == "report" else "--account"
        named = ", ".join(map(str, ids)) + (" …" if number > len(ids) else "")
        yield Blocker(
            "open_items", scope,
            f"{count(number, f'{name_class(word, late)} item')} of {scope}"
            f" with {write_amount(stake, currency)} {currency} at stake: {named}",
            f"postledger discrepancies list --period {name_month(period)} --class {word} {option} {scope}",
        )  # fmt: skip


def _find_rates(connection: Connection[Any], period: date, books: Books) -> dict[str, Decimal]:
    """Find the rates to the base currency at the end of a month. A currency without one is left out."""
    day = find_last_day(period)
    currencies = [currency for (currency,) in connection.execute(sql("list_open_currencies"), (period,))]
    books.rates.load(
        connection, {(currency, day) for currency in currencies if currency != books.settings.base_currency}
    )
    found = {currency: books.rates.find(currency, day) for currency in currencies}
    return {currency: rate.rate for currency, rate in found.items() if rate is not None}
