"""The edge snapshot: the part of the policy that the edge needs to check addresses, certificates and rates."""

from collections.abc import Sequence

import msgspec

from postledger.decoding.source_paths import KEY, digest_key
from postledger.policy.policy import Policy, Unusable
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key


class EdgeSource(msgspec.Struct, frozen=True):
    """One source as the edge sees it.

    - `rate`: requests per second and client address.
    - `paths`: its own paths, served for its `hosts`, or for any host if it lists none.
    - `keys`: digests of the keys that a path may contain.
    - `any_key`: its own keys cannot be read, so an unknown key is assumed to belong to it.
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


class EdgeCampaign(msgspec.Struct, frozen=True):
    """One campaign as the edge sees it: how many clicks of one client network are recorded."""

    slug: str
    click_rate: int
    click_burst: int


class Snapshot(msgspec.Struct, frozen=True):
    """The sources and campaigns of one version of the policy, and the salt of the key digests in hex."""

    version: int
    salt: str
    sources: tuple[EdgeSource, ...]
    campaigns: tuple[EdgeCampaign, ...] = ()


def render_snapshot(policy: Policy, salt: bytes) -> bytes:
    """Write the snapshot of a policy as JSON; it holds only salted digests of keys."""
    known = [_edge_source(source, salt) for source in policy.sources.values()]
    passed = [_pass_through(slug, unusable, salt) for slug, unusable in policy.unusable.items()]
    sources = sorted([*known, *passed], key=lambda source: source.slug)
    campaigns = [EdgeCampaign(one.slug, one.click_rate, one.click_burst) for one in policy.campaigns.values()]
    return msgspec.json.encode(Snapshot(policy.version, salt.hex(), tuple(sources), tuple(campaigns)))


def _pass_through(slug: str, unusable: Unusable, salt: bytes) -> EdgeSource:
    # The backend answers 503 for this source. A 404 from the edge would make senders give up.
    defaults, keys = Settings(), _digest_keys(unusable.paths, unusable.keys, salt)
    return EdgeSource(
        slug, defaults.allow, defaults.rate, defaults.burst, defaults.mode,
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
