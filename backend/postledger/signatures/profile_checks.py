"""What is refused of a profile when it is loaded, because it contradicts itself or its secrets do not fit it."""

from collections.abc import Sequence

from postledger.decoding.source_paths import check_key
from postledger.signatures.keys import check_form, read_key
from postledger.signatures.message_template import find_atoms
from postledger.signatures.profile_schema import Profile, Scheme
from postledger.signatures.signed_fields import find_coverage


def check_secrets(profile: Profile, secrets: Sequence[str]) -> None:
    """Read secrets as keys of a profile; ValueError tells the first that is none, and never quotes it."""
    for number, secret in enumerate(secrets, 1):
        for scheme in profile.schemes:
            try:
                read_key(scheme.key, secret)
                if scheme.signature.place == "path":
                    check_key(secret)
            except ValueError as error:
                raise ValueError(f"secret {number} cannot be used: {error}") from None


def check_scheme(scheme: Scheme) -> None:
    """Refuse what contradicts itself in one scheme."""
    check_form(scheme.key, scheme.mac)
    if not scheme.methods:
        raise ValueError("methods: at least one of GET and POST")
    _check_covers(scheme)
    if scheme.mac == "token":
        if scheme.message or scheme.timestamp or scheme.parameters:
            raise ValueError("message: a token signs nothing, so it has no message, parameters or timestamp")
        return
    for place in (scheme.signature, scheme.parameters):
        if place is not None and place.place in ("form", "json") and "POST" not in scheme.methods:
            raise ValueError(f'from = "{place.place}" needs POST among the methods')
    _check_time_is_signed(scheme)


def _check_covers(scheme: Scheme) -> None:
    for method in scheme.methods:
        coverage = find_coverage(scheme, method)
        uncovered = [name for name in scheme.covers if name not in coverage]
        if uncovered and uncovered[0] in coverage.run_together:
            raise ValueError(
                f"covers: {uncovered[0]} is in the message only as part of one text, which can be cut up otherwise"
            )
        if uncovered:
            raise ValueError(
                f"covers: {uncovered[0]} is not in the message, so whoever alters it in a {method} is believed"
            )


def _check_time_is_signed(scheme: Scheme) -> None:
    time = scheme.timestamp
    if time is None or "ts" in find_atoms(scheme.message):
        return
    is_signed = (
        all(
            time.place in ("query", "form", "json") and time.name in find_coverage(scheme, method)
            for method in scheme.methods
        )
        or f"header:{time.name}".lower() in scheme.message.lower()
    )
    if not is_signed:
        raise ValueError("timestamp: it is not in the message, so that anybody could renew it")
