"""The rules of expenses: which conversions a rule is for, whom it pays, and what a line of it is booked as."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from postledger.decoding.patterns import is_covered, matches
from postledger.finance.rules.expense_amount import ExpenseAmount
from postledger.finance.rules.facts import Facts
from postledger.vocabulary.statuses import Status

Direction = Literal["payable", "receivable"]
Patterns = tuple[str, ...]


class Match(msgspec.Struct, frozen=True):
    """Which conversions a rule is for. An empty tuple allows every value, and a missing one too."""

    source: Patterns = ()
    campaign: Patterns = ()
    event: Patterns = ()
    affiliate: Patterns = ()


class ExpenseRule(msgspec.Struct, frozen=True):
    """One rule. `payee` is None if the affiliate is paid, or the source pays. `accrue`: statuses that carry money."""

    slug: str
    category: str
    amount: ExpenseAmount
    match: Match = Match()
    account: str | None = None
    tax_code: str | None = None
    payee: str | None = None
    accrue: tuple[Status, ...] = (Status.APPROVED,)
    hold_days: int = 0
    direction: Direction = "payable"

    def covers(self, facts: Facts) -> bool:
        """Return whether the rule is for a conversion."""
        match = self.match
        return (
            matches(match.source, facts.source)
            and matches(match.event, facts.event)
            and matches(match.campaign, facts.campaign)
            and matches(match.affiliate, facts.affiliate)
        )

    def choose_payee(self, facts: Facts) -> str | None:
        """Return the payee's id: the rule's own, else the affiliate's, or the source's slug if the source pays."""
        if self.payee is not None:
            return self.payee
        return facts.affiliate if self.direction == "payable" else facts.source


def find_rule(rules: Iterable[ExpenseRule], facts: Facts) -> ExpenseRule | None:
    """Find the first rule that is for a conversion."""
    return next((rule for rule in rules if rule.covers(facts)), None)


def find_hiding_rule(rule: ExpenseRule, before: Iterable[ExpenseRule]) -> ExpenseRule | None:
    """Find an earlier rule that covers everything that this one covers, so that this one is never used."""
    return next((earlier for earlier in before if _hides(earlier.match, rule.match)), None)


def _hides(earlier: Match, later: Match) -> bool:
    return (
        is_covered(later.source, earlier.source)
        and is_covered(later.event, earlier.event)
        and is_covered(later.campaign, earlier.campaign)
        and is_covered(later.affiliate, earlier.affiliate)
    )
