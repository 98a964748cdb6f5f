"""Compares the configuration file with the policy in force, object by object; `apply` prints and writes the result."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from postledger.decoding.toml_table import Fault
from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.finance_settings import Finance
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.config_file import AffiliateConfig, CampaignConfig, Configuration, SourceConfig
from postledger.policy.export_config import ExportConfig, list_export_facts
from postledger.policy.finance_config import PayeeConfig
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.notify_config import NotifyConfig, list_facts
from postledger.reconciliation.rules.report_format import ReportFormat

Kind = Literal[
    "source", "campaign", "affiliate", "forward", "finance", "payee", "rule", "approval_rule", "notify", "export",
    "report_format", "bank_account",
]  # fmt: skip
Rule = ExpenseRule | ApprovalRule
Item = (
    SourceConfig
    | CampaignConfig
    | AffiliateConfig
    | ForwardConfig
    | Finance
    | PayeeConfig
    | Rule
    | NotifyConfig
    | ExportConfig
    | ReportFormat
    | BankAccountConfig
)


class Action(StrEnum):
    """What `apply` does with one object."""

    CREATE = "create"
    CHANGE = "change"
    LEAVE = "leave"
    REVIVE = "revive"
    RETIRE = "retire"


class Change(msgspec.Struct, frozen=True):
    """What `apply` does with one object, and the keys that differ; `target` is None for an object to be retired."""

    action: Action
    kind: Kind
    name: str
    keys: tuple[str, ...]
    target: Item | None


class Stored(msgspec.Struct, frozen=True):
    """The stored policy, in force and retired; a source's secrets are None if one of them cannot be decrypted."""

    in_force: Configuration
    retired: Configuration


def find_changes(target: Configuration, stored: Stored, *, prune: bool) -> list[Change]:
    """Compare a file with the ledger."""
    now, then = stored.in_force, stored.retired
    return [
        *_compare("source", target.sources, now.sources, then.sources, prune=prune),
        *_compare("campaign", target.campaigns, now.campaigns, then.campaigns, prune=prune),
        *_compare("affiliate", target.affiliates, now.affiliates, then.affiliates, prune=prune),
        *_compare("forward", target.forwards, now.forwards, then.forwards, prune=prune),
        *_compare("finance", _name("finance", target.finance), _name("finance", now.finance), {}, prune=prune),
        *_compare("payee", target.payees, now.payees, then.payees, prune=prune),
        *_compare_rules("rule", target.expense_rules, now.expense_rules, prune=prune),
        *_compare_rules("approval_rule", target.approval_rules, now.approval_rules, prune=prune),
        *_compare("report_format", target.report_formats, now.report_formats, then.report_formats, prune=prune),
        *_compare("bank_account", target.bank_accounts, now.bank_accounts, then.bank_accounts, prune=prune),
        *_compare("notify", _name("notify", target.notify), _name("notify", now.notify), {}, prune=prune),
        *_compare("export", target.exports, now.exports, then.exports, prune=prune),
    ]


def find_payee_changes(
    target: Iterable[PayeeConfig], in_force: Iterable[PayeeConfig], retired: Iterable[PayeeConfig]
) -> list[Change]:
    """Compare payees that are imported with the ledger."""
    items, now, then = ({config.payee.id: config for config in each} for each in (target, in_force, retired))
    return _compare("payee", items, now, then, prune=False)


def list_rules(changes: Iterable[Change], in_force: Mapping[str, ExpenseRule]) -> list[ExpenseRule]:
    """List the rules that will be in force, in order: those of the file, then those that it leaves."""
    return [rule for rule in _put_in_order("rule", changes, in_force) if isinstance(rule, ExpenseRule)]


def list_approval_rules(changes: Iterable[Change], in_force: Mapping[str, ApprovalRule]) -> list[ApprovalRule]:
    """List the approval rules that will be in force, in order, as `list_rules` does."""
    return [rule for rule in _put_in_order("approval_rule", changes, in_force) if isinstance(rule, ApprovalRule)]


def find_missing_secrets(target: Configuration, stored: Stored) -> list[Fault]:
    """Find the sources that would have no secret."""
    known = {**stored.retired.sources, **stored.in_force.sources}
    return [
        Fault(
            f"sources[{slug}]", "secrets", 'is missing; add secrets, secrets_env or secrets_file, or set auth = "none"'
        )
        for slug, source in target.sources.items()
        if source.secrets is None and source.settings.auth != "none" and not _has_secrets(known.get(slug))
    ]


def _has_secrets(source: SourceConfig | None) -> bool:
    return source is not None and source.secrets != ()


def _compare(
    kind: Kind, items: Mapping[str, Item], in_force: Mapping[str, Item], retired: Mapping[str, Item], *, prune: bool
) -> list[Change]:
    found = [_change(kind, name, item, in_force.get(name), retired.get(name)) for name, item in items.items()]
    surplus = [name for name in in_force if prune and name not in items]
    return found + [Change(Action.RETIRE, kind, name, (), None) for name in surplus]


def _name(name: str, item: Finance | NotifyConfig | None) -> Mapping[str, Finance | NotifyConfig]:
    return {} if item is None else {name: item}


def _compare_rules(kind: Kind, items: Mapping[str, Rule], in_force: Mapping[str, Rule], *, prune: bool) -> list[Change]:
    """Compare rules, and add `position` to the keys of those whose order among those in force differs."""
    changes = _compare(kind, items, in_force, {}, prune=prune)
    after = [rule.slug for rule in _put_in_order(kind, changes, in_force) if rule.slug in in_force]
    before = [slug for slug in in_force if slug in after]
    moved = {slug for slug, other in zip(before, after, strict=True) if slug != other}
    return [_move(change) if change.name in moved else change for change in changes]


def _put_in_order(kind: Kind, changes: Iterable[Change], in_force: Mapping[str, Rule]) -> list[Rule]:
    changed = {change.name: change.target for change in changes if change.kind == kind}
    named = [rule for rule in changed.values() if isinstance(rule, ExpenseRule | ApprovalRule)]
    return [*named, *(rule for slug, rule in in_force.items() if slug not in changed)]


def _move(change: Change) -> Change:
    return Change(Action.CHANGE, change.kind, change.name, (*change.keys, "position"), change.target)


def _change(kind: Kind, name: str, target: Item, known: Item | None, retired: Item | None) -> Change:
    before = known or retired
    if before is None:
        return Change(Action.CREATE, kind, name, (), target)
    keys = _differing_keys(target, before)
    if known is None:
        return Change(Action.REVIVE, kind, name, keys, target)
    return Change(Action.CHANGE if keys else Action.LEAVE, kind, name, keys, target)


def _differing_keys(target: Item, known: Item) -> tuple[str, ...]:
    before = _facts(known)
    return tuple(key for key, value in _facts(target).items() if value != before.get(key))


def _facts(item: Item) -> dict[str, object]:
    if isinstance(item, NotifyConfig):
        return list_facts(item)
    if isinstance(item, ExportConfig):
        return list_export_facts(item)
    if isinstance(item, BankAccountConfig):
        return _account_facts(item)
    facts = msgspec.structs.asdict(item)
    if isinstance(item, SourceConfig):
        facts |= msgspec.structs.asdict(facts.pop("settings"))
        facts["timestamp_tolerance"] = facts.pop("timestamp_tolerance_s")
    if isinstance(item, ForwardConfig):
        facts |= msgspec.structs.asdict(facts.pop("forward"))
        del facts["written"]
        facts["timeout"], facts["switch_off_after"] = facts.pop("timeout_s"), facts.pop("switch_off_after_s")
    if facts.get("secrets", ()) is None:
        del facts["secrets"]
    if isinstance(item, Finance):
        facts["rates_max_age"], facts["rule_cooling"] = facts.pop("rates_max_age_days"), facts.pop("rule_cooling_s")
    if isinstance(item, ApprovalRule):
        facts["remind_after"] = facts.pop("remind_after_s")
    return _payee_facts(item) if isinstance(item, PayeeConfig) else facts


def _account_facts(item: BankAccountConfig) -> dict[str, object]:
    number = {} if item.account_hash is None else {"account": item.account_hash}
    return msgspec.structs.asdict(item.account) | number


def _payee_facts(item: PayeeConfig) -> dict[str, object]:
    account = {} if item.account_hash is None else {"bank_account": item.account_hash}
    return msgspec.structs.asdict(item.payee) | account
