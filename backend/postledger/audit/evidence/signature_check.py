"""Says what the check of a postback's signature has found when the postback arrived. Pure.

The signature is not stored. What is proved is the result of the check, and which secret and rules it was made with.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from postledger.policy.source import Settings, find_profile
from postledger.signatures.profile_schema import Scheme
from postledger.signatures.signed_fields import describe_signed

Result = Literal["valid", "token", "invalid", "not_required", "not_checked"]

_OF_SIGNATURE = frozenset({"missing_signature", "bad_signature", "stale_timestamp", "future_timestamp"})
WORDS: Mapping[Result, str] = {
    "valid": "the signature was right",
    "token": "the source's secret token was right; what was sent is not signed",
    "invalid": "the signature was missing, wrong, or of another time",
    "not_required": "the source sends no signature",
    "not_checked": "the request was refused before its signature was checked",
}


class SignatureCheck(msgspec.Struct, frozen=True):
    """The check of one postback. `covers`: which parameters are signed. `policy_version`: the rules of that time.

    `reason`: what was wrong. `secret_position`: 0 is the newest secret; None if it is no longer live.
    """

    result: Result
    words: str
    reason: str | None
    covers: str | None
    secret_id: int | None
    secret_position: int | None
    signed_at: datetime | None
    policy_version: int | None


def check_signature(postback: Mapping[str, Any], settings: Settings | None) -> SignatureCheck:
    """Read what was found from the row of a postback. `settings`: those that its source had at that time."""
    wrong = [reason for reason in (postback["reason"], *(postback["observed"] or ())) if reason in _OF_SIGNATURE]
    scheme = None if settings is None else _find_scheme(settings, postback["scheme"] or 0)
    result = _judge(postback, settings, scheme, is_wrong=bool(wrong))
    return SignatureCheck(
        result,
        WORDS[result],
        wrong[0] if wrong else None,
        describe_signed(scheme, postback["method"]) if result == "valid" and scheme is not None else None,
        postback["secret_id"],
        postback["secret_position"],
        postback["signed_at"],
        postback["policy_version"],
    )


def _judge(postback: Mapping[str, Any], settings: Settings | None, scheme: Scheme | None, *, is_wrong: bool) -> Result:
    if is_wrong:
        return "invalid"
    if postback["secret_id"] is not None:
        return "token" if scheme is not None and scheme.mac == "token" else "valid"
    return "not_required" if settings is not None and settings.auth == "none" else "not_checked"


def _find_scheme(settings: Settings, number: int) -> Scheme | None:
    try:
        schemes = find_profile(settings).schemes
    except ValueError:  # a profile of an earlier release
        return None
    return schemes[number] if number < len(schemes) else None
