"""Decides whether a bill is carried, approved by a rule, or must be approved by people. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from postledger.finance.bills.draft import Draft
from postledger.finance.rules.approval_rule import NO_RULE, ApprovalRule, Total, choose
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.policy.approval_store import ApprovalRules

FindRate = Callable[[str], BaseRate | None]
"""Finds today's rate of a currency to the base currency."""


class Verdict(NamedTuple):
    """`approved_by` names the rule that approves; `asked_by` is the rule that asks people. If carried: neither."""

    approved_by: str | None = None
    asked_by: ApprovalRule | None = None
    rules_version: int = 0


def judge(draft: Draft, rules: ApprovalRules, base_currency: str, find_rate: FindRate) -> Verdict:
    """Judge the amount of a bill. In the base currency it is worth what today's rate makes of it."""
    amount, currency = draft.amounts.amount, draft.account.currency
    if not amount:
        return Verdict()
    rate = find_rate(currency)
    total = Total(amount, currency, None if rate is None else rate.convert(amount), base_currency)
    choice = choose(rules.rules, "bill", total)
    if choice is None:
        return Verdict(approved_by=NO_RULE)
    if choice.asks_people:
        return Verdict(asked_by=choice.rule, rules_version=rules.version)
    return Verdict(approved_by=choice.rule.slug)
