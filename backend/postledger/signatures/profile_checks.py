"""Checks a profile when it is loaded: refuses contradictions, and secrets that do not fit the key format."""

from collections.abc import Sequence

from postledger.decoding.source_paths import check_key
from postledger.signatures.keys import check_key_form, read_key
from postledger.signatures.message_template import find_placeholders
from postledger.signatures.profile_schema import Profile, Scheme
from postledger.signatures.signed_fields import find_coverage


def check_secrets(profile: Profile, secrets: Sequence[str]) -> None:
    """Decode the secrets for each scheme of a profile; raises ValueError, which never quotes one."""
    for number, secret in enumerate(secrets, 1):
        for scheme in profile.schemes:
            try:
                read_key(scheme.key, secret)
                if scheme.signature.location == "path":
                    check_key(secret)
            except ValueError as error:
                raise ValueError(f"secret {number} cannot be used: {error}") from None


def check_scheme(scheme: Scheme) -> None:
    """Refuse a scheme that contradicts itself; raises ValueError."""
    check_key_form(scheme.key, scheme.mac)
    if not scheme.methods:
        raise ValueError('methods: the list is empty; use "GET", "POST" or both')
    _check_covers(scheme)
    if scheme.mac == "token":
        if scheme.message or scheme.timestamp or scheme.parameters:
            raise ValueError('message: mac = "token" signs nothing; remove message, parameters and timestamp')
        return
    for table in (scheme.signature, scheme.parameters):
        if table is not None and table.location in ("form", "json") and "POST" not in scheme.methods:
            raise ValueError(f'from: a GET has no "{table.location}"; add "POST" to methods')
    _check_timestamp_is_signed(scheme)


def _check_covers(scheme: Scheme) -> None:
    for method in scheme.methods:
        coverage = find_coverage(scheme, method)
        uncovered = [name for name in scheme.covers if name not in coverage]
        if uncovered and uncovered[0] in coverage.run_together:
            raise ValueError(
                f"covers: {uncovered[0]} is joined to its neighbour without a separator, so characters can be moved"
                f" between them; remove it from covers"
            )
        if uncovered:
            raise ValueError(
                f"covers: {uncovered[0]} is not part of the message of a {method}, so anyone can change it;"
                f" add it to message or remove it from covers"
            )


def _check_timestamp_is_signed(scheme: Scheme) -> None:
    timestamp = scheme.timestamp
    if timestamp is None or "ts" in find_placeholders(scheme.message):
        return
    is_signed = (
        timestamp.location == "query"
        and all(timestamp.name in find_coverage(scheme, method) for method in scheme.methods)
    ) or f"header:{timestamp.name}".lower() in scheme.message.lower()
    if not is_signed:
        raise ValueError("timestamp: it is not part of the message, so anyone can renew it; add {ts} to message")
