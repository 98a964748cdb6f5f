"""Finds out whether a person may write off money: what is above the threshold of a rule needs an approver."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.approval.requests_to_judge import find_rule_changers, read_givers, read_person
from postledger.finance.base_rates import BaseRates
from postledger.finance.rules.approval_rule import ApprovalRule, Total
from postledger.finance.rules.decision_rule import Fault
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.finance.rules.finance_settings import Finance
from postledger.people.users import find_user
from postledger.policy.approval_store import read_approval_rules
from postledger.policy.finance_store import read_finance
from postledger.reconciliation.rules.write_off import WriteOff, describe_need, find_rule, judge_write_off
from postledger.vocabulary.operator_error import NotFound, NotPossible


class Stake(msgspec.Struct, frozen=True):
    """Money that a person wants to write off. `subject` names it in messages. `payee`: about whom it is, if known."""

    subject: str
    amount: Decimal
    currency: str
    imported_by: str | None
    payee: str | None


class Approved(msgspec.Struct, frozen=True):
    """By which rule and role a person writes money off. `for_login`: whose delegate the person is."""

    rule: str
    rule_version: int
    role: str
    for_login: str | None

    @property
    def facts(self) -> dict[str, object]:
        """What the audit chain says of it."""
        facts = {"rule": self.rule, "rule_version": self.rule_version, "role": self.role}
        return facts if self.for_login is None else facts | {"for": self.for_login}


def approve_write_offs(
    connection: Connection[Any], stakes: Sequence[Stake], actor: str, now: datetime
) -> dict[str, Approved]:
    """Return, by subject, by what a person writes off the stakes above a threshold. Raises `NotPossible`."""
    stored, rules = read_finance(connection), read_approval_rules(connection)
    if stored is None or not rules.rules:
        return {}
    write_offs = _price(connection, stakes, stored.settings, now.date())
    asking = [(each, rule) for each in write_offs if (rule := find_rule(rules.rules, each)) is not None]
    return _judge(connection, asking, actor, now, rules.version) if asking else {}


def _price(connection: Connection[Any], stakes: Sequence[Stake], settings: Finance, day: date) -> list[WriteOff]:
    """Convert stakes into the base currency, by the rates of a day."""
    rates = BaseRates(settings.base_currency, settings.rates_max_age_days)
    rates.load(connection, [(each.currency, day) for each in stakes])
    return [_make(each, rates.find(each.currency, day), settings.base_currency) for each in stakes]


def _make(stake: Stake, rate: BaseRate | None, base_currency: str) -> WriteOff:
    base_amount = None if rate is None else rate.convert(stake.amount)
    total = Total(stake.amount, stake.currency, base_amount, base_currency)
    return WriteOff(stake.subject, total, frozenset(filter(None, [stake.imported_by])), stake.payee)


def _judge(
    connection: Connection[Any],
    asking: Sequence[tuple[WriteOff, ApprovalRule]],
    actor: str,
    now: datetime,
    rules_version: int,
) -> dict[str, Approved]:
    write_off, rule = asking[0]
    try:
        user = find_user(connection, actor)
    except NotFound:
        raise NotPossible(
            f"not_your_step: {describe_need(rule, write_off)}; say who accepts it with --as LOGIN"
        ) from None
    person, givers = read_person(user), read_givers(connection, user, now)
    changed_by = find_rule_changers(connection, now)
    approved: dict[str, Approved] = {}
    for write_off, rule in asking:
        taken = judge_write_off(rule, write_off, changed_by, person, givers)
        if isinstance(taken, Fault):
            raise NotPossible(f"{taken} ({write_off.subject})")
        for_login = None if taken.for_user is None else taken.for_user.login
        approved[write_off.subject] = Approved(rule.slug, rules_version, rule.steps[-1], for_login)
    return approved
