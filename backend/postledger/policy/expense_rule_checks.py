"""Finds expense rules that cannot work, because they name what does not exist or stand behind a wider rule. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from postledger.decoding.toml_table import Fault
from postledger.finance.rules.expense_rule import ExpenseRule, find_hiding_rule
from postledger.decoding.patterns import WILDCARD, matches_one
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored

Known = Mapping[str, frozenset[str]]
"""The slugs of all sources and campaigns. Retired ones count, because their conversions still change."""


def find_rule_faults(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find what makes the rules of a file useless."""
    rules, kept = target.expense_rules.values(), Configuration() if prune else stored.in_force
    if target.finance is None and kept.finance is None:
        return [Fault(_table(rule), "", "needs the settings of the books; add [finance]") for rule in rules]
    known, payees = _list_known(target, stored), {*target.payees, *kept.payees}
    faults = [fault for rule in rules for fault in _find_unknown(rule, known)]
    return faults + [_unknown_payee(rule) for rule in rules if rule.payee is not None and rule.payee not in payees]


def find_rule_warnings(rules: Sequence[ExpenseRule], target: Configuration, stored: Stored) -> list[Fault]:
    """Find the rules that have no effect as things are. `rules` are those that will be in force, in order."""
    known = _list_known(target, stored)
    hidden = [
        Fault(_table(rule), "slug", f"is never used, because {earlier.slug} stands before it and always matches first")
        for number, rule in enumerate(rules)
        if (earlier := find_hiding_rule(rule, rules[:number])) is not None
    ]
    return hidden + [fault for rule in rules for fault in _find_idle_patterns(rule, known)]


def _list_known(target: Configuration, stored: Stored) -> Known:
    everything = (target, stored.in_force, stored.retired)
    return {
        "source": frozenset(slug for one in everything for slug in one.sources),
        "campaign": frozenset(slug for one in everything for slug in one.campaigns),
    }


def _find_unknown(rule: ExpenseRule, known: Known) -> Iterator[Fault]:
    for key, pattern in _list_patterns(rule):
        if WILDCARD not in pattern and pattern not in known[key]:
            advice = f"add it to [[{key}s]], correct it, or write a pattern with {WILDCARD}"
            yield Fault(_table(rule), "match", f"{key} {pattern} does not exist; {advice}")


def _find_idle_patterns(rule: ExpenseRule, known: Known) -> Iterator[Fault]:
    for key, pattern in _list_patterns(rule):
        if WILDCARD in pattern and not any(matches_one(pattern, slug) for slug in known[key]):
            yield Fault(_table(rule), "match", f"{key} {pattern} matches no {key} that exists now; check it")


def _list_patterns(rule: ExpenseRule) -> Iterable[tuple[str, str]]:
    match = rule.match
    return [("source", pattern) for pattern in match.source] + [("campaign", pattern) for pattern in match.campaign]


def _unknown_payee(rule: ExpenseRule) -> Fault:
    message = f"{rule.payee} is not a payee; add it to [[payees]], or import it with postledger payees import"
    return Fault(_table(rule), "payee", message)


def _table(rule: ExpenseRule) -> str:
    return f"expense_rules[{rule.slug}]"
