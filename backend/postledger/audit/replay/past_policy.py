"""The policy with the settings of an earlier version, so that a dry run can judge by the rules of that time."""

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
    restored = {slug: _restore(source, past.find(slug, version)) for slug, source in policy.sources.items()}
    return replace(policy, sources={slug: source for slug, source in restored.items() if source is not None})


def _restore(source: Source, settings: Settings | None) -> Source | None:
    if settings is None:
        return None
    try:
        restored = replace(source, settings=settings, profile=find_profile(settings))
        restored.compile()
    except (ValueError, msgspec.ValidationError):
        return None
    return restored
