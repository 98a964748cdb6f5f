"""How the money of a conversion is booked by the rules in force: direction, payee, category. Pure."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from postledger.finance.books import Books
from postledger.finance.rules.category import fill_category
from postledger.finance.rules.expense_rule import Direction, ExpenseRule, find_rule
from postledger.finance.rules.facts import Facts

Unmapped = Literal["no_rule", "no_payee", "no_amount", "no_rate"]


class Booking(msgspec.Struct, frozen=True):
    """What a line is booked as. `unmapped` is the reason why its money belongs to no payee yet."""

    direction: Direction = "payable"
    rule: str | None = None
    rule_version: int | None = None
    payee: str | None = None
    category: str | None = None
    account: str | None = None
    tax_code: str | None = None
    billable_from: date | None = None
    unmapped: Unmapped | None = None

    def is_same(self, other: "Booking") -> bool:
        """Return whether both book the same, whichever rule decided so."""
        return self == replace(other, rule=self.rule, rule_version=self.rule_version)

    def leave_unmapped(self, reason: Unmapped) -> "Booking":
        """Return the booking of the same money as long as something is missing."""
        return replace(self, unmapped=reason, billable_from=None)

    @property
    def is_mapped(self) -> bool:
        """Whether a rule decided, and nothing was missing. A share of nothing needs no payee, but later money does."""
        return self.unmapped is None and self.rule is not None and self.payee is not None


class Choice(msgspec.Struct, frozen=True):
    """The rule that is for a conversion, and what it books the money as. If its payee is not known, it is None."""

    rule: ExpenseRule
    booking: Booking


Choose = Callable[[Facts, date], Choice | None]
"""`choose_booking` with its books. It may remember its answers: many conversions of a day have the same facts."""


def choose_booking(books: Books, facts: Facts, day: date) -> Choice | None:
    """Choose how a conversion of that day is booked. None if no rule is for it."""
    rule = find_rule(books.rules, facts)
    if rule is None:
        return None
    payee, due = books.payees.get(rule.choose_payee(facts) or ""), day + timedelta(days=rule.hold_days)
    payee_id, name, tax_code = (None, None, None) if payee is None else (payee.id, payee.name, payee.tax_code)
    booking = Booking(
        rule.direction, rule.slug, books.rules_version, payee_id, fill_category(rule.category, facts, name),
        rule.account, rule.tax_code or tax_code, due,
    )  # fmt: skip
    return Choice(rule, booking)
