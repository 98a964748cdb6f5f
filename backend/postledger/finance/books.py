"""Reads everything that the mapper must know: settings, rules, payees, names, rates and locked periods."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from psycopg import Connection

from postledger.finance.base_rates import BaseRates
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.finance_settings import Finance, Payee
from postledger.platform.postgres.sql import statements_of
from postledger.policy.approval_store import ApprovalRules, read_approval_rules
from postledger.policy.finance_store import StoredFinance, read_finance, read_payees, read_rules

sql = statements_of("postledger.finance")


class Names(msgspec.Struct, frozen=True):
    """The names of sources and campaigns by slug, and of affiliates by id. Retired ones keep theirs."""

    sources: Mapping[str, str]
    campaigns: Mapping[str, str]
    affiliates: Mapping[str, str]


class Books(msgspec.Struct, frozen=True):
    """The books as they are configured. Conversions that were opened before `since` have no lines yet.

    `payees` has those in force by id. `locked_periods` are the first days of months that take no more lines. `rates`
    remembers what it has read, so that a later import needs new books.
    `has_approvals`: there are approval rules, or were.
    """

    settings: Finance
    since: datetime
    zone: ZoneInfo
    rules: tuple[ExpenseRule, ...]
    rules_version: int
    payees: Mapping[str, Payee]
    names: Names
    locked_periods: frozenset[date]
    rates: BaseRates
    approval_rules: ApprovalRules = ApprovalRules()
    has_approvals: bool = False


def load_books(connection: Connection[Any]) -> Books | None:
    """Read the books in one snapshot. None if no file with `[finance]` was applied."""
    with connection.transaction():
        connection.execute(sql("begin_snapshot"))
        stored = read_finance(connection)
        return None if stored is None else _load(connection, stored)


def reread_locked(connection: Connection[Any], books: Books) -> Books:
    """Return books with the months that are locked now. Call it while holding the dispatcher's lock, as `lock` does."""
    return replace(books, locked_periods=_read_locked(connection))


def _read_locked(connection: Connection[Any]) -> frozenset[date]:
    return frozenset(period for (period,) in connection.execute(sql("read_locked_periods")))


def _load(connection: Connection[Any], stored: StoredFinance) -> Books:
    settings, approval_rules = stored.settings, read_approval_rules(connection)
    return Books(
        settings,
        stored.since,
        ZoneInfo(settings.timezone),
        tuple(read_rules(connection, stored.rules_version)),
        stored.rules_version,
        {config.payee.id: config.payee for config in read_payees(connection, in_force=True)},
        _read_names(connection),
        _read_locked(connection),
        BaseRates(settings.base_currency, settings.rates_max_age_days),
        approval_rules,
        approval_rules.version > 0 or connection.execute(sql("approvals_exist")).fetchone() == (True,),
    )


def _read_names(connection: Connection[Any]) -> Names:
    names: dict[str, dict[str, str]] = {"source": {}, "campaign": {}, "affiliate": {}}
    for kind, key, name in connection.execute(sql("read_names")):
        names[kind][key] = name
    return Names(names["source"], names["campaign"], names["affiliate"])
