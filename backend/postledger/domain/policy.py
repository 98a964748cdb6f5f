"""The policy: everything that operators configure, as one immutable snapshot that a request sees from start to end."""

from collections.abc import Mapping

import msgspec

from postledger.domain.source import Source


class Campaign(msgspec.Struct, frozen=True):
    """What is promoted, and where its visits are sent."""

    id: int
    slug: str
    destination: str


class Policy(msgspec.Struct, frozen=True):
    """One version of the configuration, indexed as requests look it up.

    `unusable` names sources whose stored settings make no sense: they are told to come again, and book nothing.
    """

    version: int
    sources: Mapping[str, Source]
    campaigns: Mapping[str, Campaign]
    campaign_slugs: Mapping[int, str]
    unusable: frozenset[str] = frozenset()
