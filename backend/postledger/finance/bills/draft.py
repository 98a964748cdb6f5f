"""Drafts the bills of payees: by currency, months in order, each with what the bills before it carry. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec

from postledger.finance.rules.bill_amounts import BillAmounts, Carry, Heading, Items, bill


class Account(NamedTuple):
    """What a payee is owed in one currency."""

    payee: str
    currency: str


class Due(msgspec.Struct, frozen=True):
    """The lines of one account and month that are due, by heading."""

    account: Account
    period: date
    items: Mapping[Heading, Items]


class Carried(msgspec.Struct, frozen=True):
    """What the bills of an account carry, by heading, and the last month that they are of."""

    carry: Carry
    last_period: date


class Terms(msgspec.Struct, frozen=True):
    """The smallest bill of a payee, in the payee's currency."""

    currency: str | None
    min_bill: Decimal | None


class Draft(msgspec.Struct, frozen=True):
    """A bill that is not made yet."""

    account: Account
    period: date
    amounts: BillAmounts


def draft_bills(
    due: Iterable[Due], carried: Mapping[Account, Carried], terms: Mapping[str, Terms], *, with_carried: bool
) -> list[Draft]:
    """Draft the bills over what is due. `with_carried`: also those over an amount that was only carried.

    Such a bill is possible once the minimum of a payee is lowered, or another bill is cancelled.
    """
    months: dict[Account, list[Due]] = {}
    for each in sorted(due, key=lambda due: (due.account, due.period)):
        months.setdefault(each.account, []).append(each)
    accounts = sorted(months.keys() | (carried.keys() if with_carried else set()))
    drafts: list[Draft] = []
    for account in accounts:
        known = carried.get(account)
        minimum = find_minimum(account, terms)
        if account in months:
            drafts += _draft_account(months[account], {} if known is None else known.carry, minimum)
        elif known is not None:
            drafts += _draft_carried(account, known, minimum)
    return drafts


def find_minimum(account: Account, terms: Mapping[str, Terms]) -> Decimal | None:
    """Return the smallest bill of an account. A payee's minimum is an amount of the payee's currency only."""
    of_payee = terms.get(account.payee)
    return of_payee.min_bill if of_payee is not None and of_payee.currency == account.currency else None


def _draft_account(months: Iterable[Due], carry: Carry, minimum: Decimal | None) -> Iterator[Draft]:
    for due in months:
        amounts = bill(due.items, carry, due.account.currency, minimum)
        yield Draft(due.account, due.period, amounts)
        carry = {line.heading: line.carried_out for line in amounts.lines}


def _draft_carried(account: Account, known: Carried, minimum: Decimal | None) -> Iterator[Draft]:
    amounts = bill({}, known.carry, account.currency, minimum)
    if amounts.amount:
        yield Draft(account, known.last_period, amounts)
