"""The edge's snapshot: what the edge must know of the policy to decide alone who may speak, and how fast."""

import msgspec

from postledger.domain.policy import Policy


class EdgeSource(msgspec.Struct, frozen=True):
    """One source as the edge sees it: networks, requests per second and address, burst, and if refusals are real."""

    slug: str
    allow: tuple[str, ...]
    rate: int
    burst: int
    mode: str
    client_ca: str | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """The sources of one version of the policy."""

    version: int
    sources: tuple[EdgeSource, ...]


def render_snapshot(policy: Policy) -> bytes:
    """Write the snapshot of a policy as JSON."""
    sources = tuple(_edge_source(slug, policy) for slug in sorted(policy.sources))
    return msgspec.json.encode(Snapshot(policy.version, sources))


def _edge_source(slug: str, policy: Policy) -> EdgeSource:
    settings = policy.sources[slug].settings
    return EdgeSource(slug, settings.allow, settings.rate, settings.burst, settings.mode, settings.client_ca)
