"""Finds approval rules by which no one could decide, and those that ask people more than was meant. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from postledger.decoding.toml_table import Fault
from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.finance.rules.approvers import find_missing_roles, find_only_creator, leave_out
from postledger.finance.rules.finance_settings import Finance
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Action, Change, Stored
from postledger.policy.duration import write_duration


class People(msgspec.Struct, frozen=True):
    """The roles of the enabled users by login, who of them may change something, and who acts now.

    `actor` is a login, or the operating system's user who is no user of Postledger.
    """

    roles: Mapping[str, Sequence[str]]
    creators: frozenset[str]
    actor: str


def find_approval_faults(target: Configuration, stored: Stored, people: People, *, prune: bool) -> list[Fault]:
    """Find what makes the approval rules of a file useless."""
    rules = target.approval_rules.values()
    if target.finance is None and (prune or stored.in_force.finance is None):
        return [Fault(_table(rule), "", "needs the settings of the books; add [finance]") for rule in rules]
    return find_unsatisfiable(rules, people)


def find_unsatisfiable(rules: Iterable[ApprovalRule], people: People) -> list[Fault]:
    """Find the rules that the people cannot satisfy, each with the users that are missing."""
    return [
        Fault(_table(rule), "steps", message)
        for rule in rules
        if (message := _describe_missing(rule, people)) is not None
    ]


def find_approval_warnings(
    rules: Sequence[ApprovalRule], changes: Iterable[Change], finance: Finance | None, people: People
) -> list[Fault]:
    """Find the rules that ask people about every amount in some currencies, and those that no one decides by for now.

    `rules` are those that will be in force.
    """
    if finance is None:
        return []
    changed = {change.name for change in changes if change.kind == "approval_rule" and change.action != Action.LEAVE}
    unjudged = [
        Fault(_table(rule), "over", _describe_no_base(finance.base_currency))
        for rule in rules
        if rule.over and finance.base_currency not in rule.over
    ]
    cooling = [
        Fault(_table(rule), "steps", _describe_cooling(people.actor, finance.rule_cooling_s, missing))
        for rule in rules
        if rule.slug in changed and people.actor in people.roles
        if (missing := find_missing_roles(rule.steps, leave_out(people.roles, people.actor)))
    ]
    return unjudged + cooling


def _describe_missing(rule: ApprovalRule, people: People) -> str | None:
    if missing := find_missing_roles(rule.steps, people.roles):
        nobody = [role for role in missing if not any(role in roles for roles in people.roles.values())]
        if nobody:
            return f"no enabled user is {' or '.join(dict.fromkeys(nobody))}; {_advise(missing)}"
        return f"each step needs another person, and there are too few; {_advise(missing)}"
    creator = find_only_creator({*people.creators, people.actor}, rule.steps, people.roles)
    if creator is None:
        return None
    missing = find_missing_roles(rule.steps, leave_out(people.roles, creator))
    return f"only {creator} could decide, and never about what {creator} creates; {_advise(missing)}"


def _describe_no_base(base_currency: str) -> str:
    return (
        f"has no threshold in {base_currency}, the base currency; every amount in a currency without threshold waits"
        " for a person"
    )


def _describe_cooling(actor: str, cooling_s: int, missing: Sequence[str]) -> str:
    return (
        f"{actor} changes this rule, so {actor} decides nothing by it for {write_duration(cooling_s)}, and too few"
        f" others can; wait, or {_advise(missing)}"
    )


def _advise(roles: Sequence[str]) -> str:
    return "run: " + " && ".join(f"postledger user add LOGIN --role {role}" for role in roles)


def _table(rule: ApprovalRule) -> str:
    return f"approval_rules[{rule.slug}]"
