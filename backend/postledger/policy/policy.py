"""The policy: everything that operators configure, as one immutable snapshot that a request sees from start to end."""

from collections.abc import Mapping

import msgspec

from postledger.decoding.source_paths import check_host, check_path
from postledger.policy.source import Source
from postledger.signatures.secret_key import Key


class Campaign(msgspec.Struct, frozen=True):
    """What is promoted, and where its visits are sent."""

    id: int
    slug: str
    destination: str


class Unusable(msgspec.Struct, frozen=True):
    """What is still known of a source that cannot be used: by what its senders' requests are told from nobody's."""

    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()


class Policy(msgspec.Struct, frozen=True):
    """One version of the configuration, indexed as requests look it up.

    `unusable` holds sources whose stored settings make no sense, or none of whose secrets can be read: their senders
    are told to come again, and nothing is booked.
    """

    version: int
    sources: Mapping[str, Source]
    campaigns: Mapping[str, Campaign]
    campaign_slugs: Mapping[int, str]
    unusable: Mapping[str, Unusable] = {}


def salvage(document: object, keys: tuple[Key, ...]) -> Unusable:
    """Read where a source is asked from settings that cannot be read as a whole; nothing of it if any of that is odd.

    Half of the hosts would be worse than none: a path without its host could take another source's requests.
    """
    try:
        known = msgspec.convert(document, Unusable)
        for path in known.paths:
            check_path(path)
        for host in known.hosts:
            check_host(host)
    except ValueError:
        return Unusable()
    return Unusable(known.paths, known.hosts, keys)
