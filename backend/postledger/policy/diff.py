"""Compares the configuration file with the policy in force, object by object; `apply` prints and writes the result."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import AffiliateConfig, CampaignConfig, Configuration, SourceConfig
from postledger.policy.forward_config import ForwardConfig

Kind = Literal["source", "campaign", "affiliate", "forward"]
Item = SourceConfig | CampaignConfig | AffiliateConfig | ForwardConfig


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
    ]


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
    facts = msgspec.structs.asdict(item)
    if isinstance(item, SourceConfig):
        facts |= msgspec.structs.asdict(facts.pop("settings"))
        facts["timestamp_tolerance"] = facts.pop("timestamp_tolerance_s")
    if isinstance(item, ForwardConfig):
        facts |= msgspec.structs.asdict(facts.pop("forward"))
        facts["timeout"], facts["switch_off_after"] = facts.pop("timeout_s"), facts.pop("switch_off_after_s")
    if facts.get("secrets", ()) is None:
        del facts["secrets"]
    return facts
