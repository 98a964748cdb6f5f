"""The policy: everything that operators configure, as one immutable snapshot. A request uses one from start to end."""

from collections.abc import Mapping

import msgspec

from postledger.decoding.source_paths import check_host, check_path
from postledger.policy.source import Source
from postledger.signatures.secret_key import Key


class Campaign(msgspec.Struct, frozen=True):
    """A campaign, and the URL that its visitors are sent to.

    The edge lets one client network record `click_rate` clicks per second, after `click_burst` at once.
    """

    id: int
    slug: str
    destination: str
    click_rate: int
    click_burst: int


class Unusable(msgspec.Struct, frozen=True):
    """What identifies the requests of a source that cannot be used."""

    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()


class Policy(msgspec.Struct, frozen=True):
    """One version of the configuration, indexed as requests look it up.

    `unusable` holds sources whose stored settings are invalid or whose secrets cannot be decrypted. Their senders get
    503 and retry later; nothing is recorded. `click_key` makes and verifies click ids. It is None if no master key
    decrypts it.
    """

    version: int
    sources: Mapping[str, Source]
    campaigns: Mapping[str, Campaign]
    campaign_slugs: Mapping[int, str]
    unusable: Mapping[str, Unusable] = {}
    click_key: bytes | None = None


def salvage(document: object, keys: tuple[Key, ...]) -> Unusable:
    """Read the paths and hosts of a source whose other settings are invalid.

    If one of them is invalid too, none is used, because a path without its host could match another source's requests.
    """
    try:
        readable = msgspec.convert(document, Unusable)
        for path in readable.paths:
            check_path(path)
        for host in readable.hosts:
            check_host(host)
    except ValueError:
        return Unusable()
    return Unusable(readable.paths, readable.hosts, keys)
