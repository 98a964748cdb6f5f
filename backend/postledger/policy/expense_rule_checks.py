"""Finds expense rules that cannot work, because they name what does not exist or stand behind a wider rule. Pure."""

from collections.abc import Collection, Sequence

from postledger.decoding.patterns import matches
from postledger.decoding.toml_table import Fault
from postledger.finance.rules.expense_rule import ExpenseRule, find_hiding_rule
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored
from postledger.policy.match_checks import Known, Patterns, find_idle_patterns, find_unknown_names, list_known


def find_rule_faults(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find what makes the rules of a file useless."""
    rules, kept = target.expense_rules.values(), Configuration() if prune else stored.in_force
    if target.finance is None and kept.finance is None:
        return [Fault(_table(rule), "", "needs the settings of the books; add [finance]") for rule in rules]
    known, payees = list_known(target, stored), {*target.payees, *kept.payees}
    faults = [fault for rule in rules for fault in find_unknown_names(_table(rule), _list_patterns(rule), known)]
    faults += [_unknown_payee(rule) for rule in rules if rule.payee is not None and rule.payee not in payees]
    return faults + [_no_payer(rule) for rule in rules if _is_without_payers(rule, known, payees)]


def find_rule_warnings(
    rules: Sequence[ExpenseRule], target: Configuration, stored: Stored, *, prune: bool
) -> list[Fault]:
    """Find the rules that have no effect as things are, or not for all of their sources.

    `rules` are those that will be in force, in order.
    """
    known, kept = list_known(target, stored), Configuration() if prune else stored.in_force
    payees = {*target.payees, *kept.payees}
    hidden = [
        Fault(_table(rule), "slug", f"is never used, because {earlier.slug} stands before it and always matches first")
        for number, rule in enumerate(rules)
        if (earlier := find_hiding_rule(rule, rules[:number])) is not None
    ]
    idle = [fault for rule in rules for fault in find_idle_patterns(_table(rule), _list_patterns(rule), known)]
    return (
        hidden
        + idle
        + [
            _some_without_payer(rule, missing)
            for rule in rules
            if (missing := _list_without_payer(rule, known, payees))
        ]
    )


def _list_payers(rule: ExpenseRule, known: Known) -> list[str]:
    if rule.direction != "receivable" or rule.payee is not None:
        return []
    return sorted(slug for slug in known["source"] if matches(rule.match.source, slug))


def _list_without_payer(rule: ExpenseRule, known: Known, payees: Collection[str]) -> list[str]:
    return [slug for slug in _list_payers(rule, known) if slug not in payees]


def _is_without_payers(rule: ExpenseRule, known: Known, payees: Collection[str]) -> bool:
    payers = _list_payers(rule, known)
    return bool(payers) and payers == _list_without_payer(rule, known, payees)


def _no_payer(rule: ExpenseRule) -> Fault:
    message = (
        "is receivable from the source, and no source that the rule matches is a payee; add one to [[payees]] with"
        " the slug of the source as its id, or name a payee"
    )
    return Fault(_table(rule), "direction", message)


def _some_without_payer(rule: ExpenseRule, missing: Sequence[str]) -> Fault:
    message = f"is receivable from the source, and these are no payees: {', '.join(missing)}; add them to [[payees]]"
    return Fault(_table(rule), "direction", message)


def _list_patterns(rule: ExpenseRule) -> Patterns:
    return {"source": rule.match.source, "campaign": rule.match.campaign}


def _unknown_payee(rule: ExpenseRule) -> Fault:
    message = f"{rule.payee} is not a payee; add it to [[payees]], or import it with postledger payees import"
    return Fault(_table(rule), "payee", message)


def _table(rule: ExpenseRule) -> str:
    return f"expense_rules[{rule.slug}]"
