"""Finds names in `match` of a rule or a forward that no source or campaign has. Pure."""

from collections.abc import Iterator, Mapping

from postledger.decoding.patterns import WILDCARD, matches_one
from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored

Known = Mapping[str, frozenset[str]]
"""The slugs of all sources and campaigns. Retired ones count, because their conversions still change."""
Patterns = Mapping[str, tuple[str, ...]]
"""The names and patterns for sources and campaigns."""


def list_known(target: Configuration, stored: Stored) -> Known:
    """List the slugs that the file or the ledger has."""
    everything = (target, stored.in_force, stored.retired)
    return {
        "source": frozenset(slug for one in everything for slug in one.sources),
        "campaign": frozenset(slug for one in everything for slug in one.campaigns),
    }


def find_unknown_names(table: str, patterns: Patterns, known: Known) -> Iterator[Fault]:
    """Find the names that do not exist and are no patterns."""
    for key, pattern in _list(patterns):
        if WILDCARD not in pattern and pattern not in known[key]:
            advice = f"add it to [[{key}s]], correct it, or write a pattern with {WILDCARD}"
            yield Fault(table, "match", f"{key} {pattern} does not exist; {advice}")


def find_idle_patterns(table: str, patterns: Patterns, known: Known) -> Iterator[Fault]:
    """Find the patterns that match nothing as things are."""
    for key, pattern in _list(patterns):
        if WILDCARD in pattern and not any(matches_one(pattern, slug) for slug in known[key]):
            yield Fault(table, "match", f"{key} {pattern} matches no {key} that exists now; check it")


def _list(patterns: Patterns) -> Iterator[tuple[str, str]]:
    return ((key, pattern) for key, listed in patterns.items() for pattern in listed)
