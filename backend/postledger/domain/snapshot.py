"""The edge's snapshot: what the edge must know of the policy to decide alone who may speak, and how fast."""

import msgspec

from postledger.domain.paths import KEY, digest_key
from postledger.domain.policy import Policy
from postledger.domain.source import Settings, Source


class EdgeSource(msgspec.Struct, frozen=True):
    """One source as the edge sees it: networks, requests per second and address, burst, and if refusals are real.

    `paths` of its own are answered under its `hosts`, or under any; a key in them is found by its digest in `keys`.
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


class Snapshot(msgspec.Struct, frozen=True):
    """The sources of one version of the policy, and what their keys were digested with, in hex."""

    version: int
    salt: str
    sources: tuple[EdgeSource, ...]


def render_snapshot(policy: Policy, salt: bytes) -> bytes:
    """Write the snapshot of a policy as JSON; keys that stand in paths only as their digests under a secret salt."""
    known = [_edge_source(source, salt) for source in policy.sources.values()]
    sources = sorted([*known, *map(_let_through, policy.unusable)], key=lambda source: source.slug)
    return msgspec.json.encode(Snapshot(policy.version, salt.hex(), tuple(sources)))


def _let_through(slug: str) -> EdgeSource:
    # The backend alone knows that it must turn the source away; a 404 of the edge's would make senders give up.
    usual = Settings()
    return EdgeSource(slug, usual.allow, usual.rate, usual.burst, usual.mode)


def _edge_source(source: Source, salt: bytes) -> EdgeSource:
    settings = source.settings
    return EdgeSource(
        source.slug, settings.allow, settings.rate, settings.burst, settings.mode, settings.client_ca,
        settings.paths, settings.hosts, _digest_keys(source, salt),
    )  # fmt: skip


def _digest_keys(source: Source, salt: bytes) -> tuple[str, ...]:
    if not any(KEY in path for path in source.settings.paths):
        return ()
    return tuple(digest_key(salt, key.secret) for key in source.keys)
