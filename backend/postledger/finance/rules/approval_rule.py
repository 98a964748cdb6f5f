"""The rules of approval: above which amount people must decide, and who decides in which order. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

import msgspec

Subject = Literal["line", "payee_day", "bill", "payee_change"]
SUBJECTS: tuple[Subject, ...] = ("line", "payee_day", "bill", "payee_change")
"""What people can decide: a conversion's lines of one currency, a payee's day, a bill, a new or changed payee."""
NO_RULE = "none"
"""What approves if there is no rule for a subject. It stands where the slug of a rule does."""


class ApprovalRule(msgspec.Struct, frozen=True):
    """One rule. `over`: by currency, the highest amount that needs no one. `steps`: a role for each decision.

    Without `over` everything needs people.
    """

    slug: str
    on: Subject
    steps: tuple[str, ...]
    over: Mapping[str, Decimal] = {}
    remind_after_s: int | None = None


class Total(msgspec.Struct, frozen=True):
    """The amount to be judged, also in the base currency. `base_amount` is None if a part of it has no rate."""

    amount: Decimal
    currency: str
    base_amount: Decimal | None
    base_currency: str | None


class Choice(msgspec.Struct, frozen=True):
    """The rule that counts. It asks people, or its threshold is not exceeded, so that it approves by itself."""

    rule: ApprovalRule
    asks_people: bool


def choose(rules: Iterable[ApprovalRule], on: Subject, total: Total | None) -> Choice | None:
    """Choose the rule of a subject. None if there is no rule for such subjects. `total` is None for a payee's change.

    Of the rules that are exceeded the one with the most steps counts, and of several such the first. If none is
    exceeded, the first rule approves.
    """
    listed = [rule for rule in rules if rule.on == on]
    exceeded = [rule for rule in listed if is_exceeded(rule, total)]
    if exceeded:
        return Choice(max(exceeded, key=lambda rule: len(rule.steps)), asks_people=True)
    return Choice(listed[0], asks_people=False) if listed else None


def is_exceeded(rule: ApprovalRule, total: Total | None) -> bool:
    """Return whether a rule asks people. An amount that it cannot judge asks them too; a negative one never does."""
    if total is None:
        return True
    if total.amount <= 0:
        return False
    threshold = rule.over.get(total.currency)
    if threshold is not None:
        return total.amount > threshold
    base_threshold = rule.over.get(total.base_currency or "")
    return total.base_amount is None or base_threshold is None or total.base_amount > base_threshold
