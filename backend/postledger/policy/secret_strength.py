"""Judges how strong a secret is, and whether its base64 can be read in two ways. Pure; it never quotes a secret."""

from collections.abc import Mapping, Sequence

from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import Configuration, SourceConfig
from postledger.policy.diff import Stored
from postledger.policy.source import DEFAULT_PROFILE, Settings, find_profile
from postledger.signatures.keys import is_lenient_base64, read_key

STRONG_BYTES = 16
"""A new secret of our own profile must have as many bytes: docs/adr/0008-short-secrets.md."""
PUBLISHED = frozenset({"s3cret-current", "s3cret-previous"})
"""The secrets of the documented worked example, which must verify as printed. Everyone can sign with them."""


def count_key_bytes(settings: Settings, secret: str) -> int | None:
    """Count the bytes of the key that a secret gives; None for a public key. Raises ValueError."""
    keys = [read_key(scheme.key, secret) for scheme in find_profile(settings).schemes]
    return min((len(key) for key in keys if isinstance(key, bytes)), default=None)


def is_weak(settings: Settings, secret: str) -> bool:
    """Return whether a secret is shorter than it should be."""
    try:
        length = count_key_bytes(settings, secret)
    except ValueError:  # another check reports a secret that cannot be used
        return False
    return length is not None and length < STRONG_BYTES


def find_short_secrets(target: Configuration, stored: Stored) -> list[Fault]:
    """Find new secrets of our own profile that are too short. A live one may stay, so that it can be replaced."""
    return [
        Fault(f"sources[{slug}]", "secrets", _describe_short(number))
        for slug, source in target.sources.items()
        if source.settings.auth == "signature" and source.settings.signature == DEFAULT_PROFILE
        for number, secret in _list_new(source, stored.in_force.sources)
        if secret not in PUBLISHED and (count_key_bytes(source.settings, secret) or 0) < STRONG_BYTES
    ]


def warn_of_secrets(slug: str, source: SourceConfig) -> list[Fault]:
    """Warn of the secrets in a file that are weak, or that libraries decode in different ways."""
    warnings = []
    if source.settings.auth == "none":
        return []
    for number, secret in enumerate(source.secrets or (), 1):
        if is_weak(source.settings, secret):
            message = _describe_short(number) + (_EXAMPLE if secret in PUBLISHED else "")
            warnings.append(Fault(f"sources[{slug}]", "secrets", message))
        if any(is_lenient_base64(scheme.key, secret) for scheme in find_profile(source.settings).schemes):
            message = f"secret {number} is base64 only if it is read leniently, as Node.js reads it; {_EXACT}"
            warnings.append(Fault(f"sources[{slug}]", "secrets", message))
    return warnings


_ADVICE = f"use at least {STRONG_BYTES} random bytes, such as the output of: openssl rand -hex 32"
_EXAMPLE = "; it is an example from the documentation, so everyone can sign with it"
_EXACT = "other libraries get another key: copy it again, with + / and its = at the end"


def _describe_short(number: int) -> str:
    return f"secret {number} has less than {STRONG_BYTES} bytes; {_ADVICE}"


def _list_new(source: SourceConfig, known: Mapping[str, SourceConfig]) -> Sequence[tuple[int, str]]:
    live = known[source.slug].secrets if source.slug in known else ()
    return [(number, secret) for number, secret in enumerate(source.secrets or (), 1) if secret not in (live or ())]
