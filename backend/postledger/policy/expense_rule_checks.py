"""Finds expense rules that cannot work, because they name what does not exist or stand behind a wider rule. Pure."""

from collections.abc import Sequence

from postledger.decoding.toml_table import Fault
from postledger.finance.rules.expense_rule import ExpenseRule, find_hiding_rule
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored
from postledger.policy.match_checks import Patterns, find_idle_patterns, find_unknown_names, list_known


def find_rule_faults(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find what makes the rules of a file useless."""
    rules, kept = target.expense_rules.values(), Configuration() if prune else stored.in_force
    if target.finance is None and kept.finance is None:
        return [Fault(_table(rule), "", "needs the settings of the books; add [finance]") for rule in rules]
    known, payees = list_known(target, stored), {*target.payees, *kept.payees}
    faults = [fault for rule in rules for fault in find_unknown_names(_table(rule), _list_patterns(rule), known)]
    return faults + [_unknown_payee(rule) for rule in rules if rule.payee is not None and rule.payee not in payees]


def find_rule_warnings(rules: Sequence[ExpenseRule], target: Configuration, stored: Stored) -> list[Fault]:
    """Find the rules that have no effect as things are. `rules` are those that will be in force, in order."""
    known = list_known(target, stored)
    hidden = [
        Fault(_table(rule), "slug", f"is never used, because {earlier.slug} stands before it and always matches first")
        for number, rule in enumerate(rules)
        if (earlier := find_hiding_rule(rule, rules[:number])) is not None
    ]
    return hidden + [fault for rule in rules for fault in find_idle_patterns(_table(rule), _list_patterns(rule), known)]


def _list_patterns(rule: ExpenseRule) -> Patterns:
    return {"source": rule.match.source, "campaign": rule.match.campaign}


def _unknown_payee(rule: ExpenseRule) -> Fault:
    message = f"{rule.payee} is not a payee; add it to [[payees]], or import it with postledger payees import"
    return Fault(_table(rule), "payee", message)


def _table(rule: ExpenseRule) -> str:
    return f"expense_rules[{rule.slug}]"
