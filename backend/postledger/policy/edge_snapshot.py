"""The edge's snapshot: what the edge must know of the policy to decide alone who may speak, and how fast."""

from collections.abc import Sequence

import msgspec

from postledger.decoding.source_paths import KEY, digest_key
from postledger.policy.policy import Policy, Unusable
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key


class EdgeSource(msgspec.Struct, frozen=True):
    """One source as the edge sees it: networks, requests per second and address, burst, and if refusals are real.

    `paths` of its own are answered under its `hosts`, or under any; a key in them is found by its digest in `keys`.
    With `any_key` a key that is nobody's is taken for this source's: its own cannot be read.
    """

    slug: str
    allow: tuple[str, ...]
    rate: int
    burst: int
    mode: str
    client_ca: str | None = None
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    any_key: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """The sources of one version of the policy, and what their keys were digested with, in hex."""

    version: int
    salt: str
    sources: tuple[EdgeSource, ...]


def render_snapshot(policy: Policy, salt: bytes) -> bytes:
    """Write the snapshot of a policy as JSON; keys that stand in paths only as their digests under a secret salt."""
    known = [_edge_source(source, salt) for source in policy.sources.values()]
    let_through = [_let_through(slug, unusable, salt) for slug, unusable in policy.unusable.items()]
    sources = sorted([*known, *let_through], key=lambda source: source.slug)
    return msgspec.json.encode(Snapshot(policy.version, salt.hex(), tuple(sources)))


def _let_through(slug: str, unusable: Unusable, salt: bytes) -> EdgeSource:
    # The backend alone knows that it must turn the source away; a 404 of the edge's would make senders give up.
    usual, keys = Settings(), _digest_keys(unusable.paths, unusable.keys, salt)
    return EdgeSource(
        slug, usual.allow, usual.rate, usual.burst, usual.mode,
        paths=unusable.paths, hosts=unusable.hosts, keys=keys, any_key=not keys,
    )  # fmt: skip


def _edge_source(source: Source, salt: bytes) -> EdgeSource:
    settings = source.settings
    return EdgeSource(
        source.slug, settings.allow, settings.rate, settings.burst, settings.mode, settings.client_ca,
        settings.paths, settings.hosts, _digest_keys(settings.paths, source.keys, salt),
    )  # fmt: skip


def _digest_keys(paths: Sequence[str], keys: Sequence[Key], salt: bytes) -> tuple[str, ...]:
    if not any(KEY in path for path in paths):
        return ()
    return tuple(digest_key(salt, key.secret) for key in keys)
