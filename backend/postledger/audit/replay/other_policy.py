"""The policy with other settings than those in force: of an earlier version, or of a file that is not applied."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from postledger.audit.replay.past_settings import PastSettings
from postledger.policy.policy import Policy
from postledger.policy.source import Settings, Source, find_profile
from postledger.vocabulary.operator_error import NotFound


def restore_policy(policy: Policy, past: PastSettings, version: int) -> Policy:
    """Give each source in force the settings that it had at a version of the policy.

    A source without known settings of that time, or with some that this release cannot use, is left out. Raises
    `NotFound` for a version that was never in force.
    """
    if not 0 < version <= policy.version:
        raise NotFound(f"the policy never had the version {version}; run: postledger policy history")
    settings = {slug: past.find(slug, version) for slug in policy.sources}
    return _change(policy, settings)


def try_settings(policy: Policy, settings: Mapping[str, Settings]) -> Policy:
    """Give sources in force other settings. A source without them keeps its own."""
    return _change(policy, {slug: settings.get(slug, source.settings) for slug, source in policy.sources.items()})


def _change(policy: Policy, settings: Mapping[str, Settings | None]) -> Policy:
    changed = {slug: _give(source, settings[slug]) for slug, source in policy.sources.items()}
    return replace(policy, sources={slug: source for slug, source in changed.items() if source is not None})


def _give(source: Source, settings: Settings | None) -> Source | None:
    if settings is None:
        return None
    try:
        given = replace(source, settings=settings, profile=find_profile(settings))
        given.compile()
    except (ValueError, msgspec.ValidationError):
        return None
    return given
