"""Verification: checks the signature of a request and reads its parameters. No value is validated here.

A signature over the raw body is checked before the body is interpreted, so that a forger cannot choose what that costs.

The result is a value of its own, so that a sandbox or a replay can continue with validation from there. Pure: the same
request against the same source gives the same result.
"""

import msgspec

from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import Format, find_format, read_again, read_request
from postledger.policy.source import Source
from postledger.signatures.signed_fields import NOTHING, Coverage
from postledger.signatures.verifier import Verified
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.refusal import Reason, Refusal, Refused

_OBSERVABLE = frozenset({
    Reason.MISSING_SIGNATURE,
    Reason.BAD_SIGNATURE,
    Reason.STALE_TIMESTAMP,
    Reason.FUTURE_TIMESTAMP,
})  # fmt: skip


MAX_UNPROVED_BODY_BYTES = 1024
"""How long a forged body may be to be read and stored in its audit row."""


class Verification(msgspec.Struct, frozen=True):
    """What is known of a request before its values are validated.

    - `decoded`: the parameters; None if they could not be read.
    - `secret_id`: the secret whose signature matched; None without a valid signature.
    - `coverage`: the parameters that the signature covers.
    - `observed`: why the request would be refused if its source were not in observe mode.
    - `refusal`: set if the request is refused already; then nothing else was proved.
    """

    decoded: DecodedRequest | None
    secret_id: int | None = None
    coverage: Coverage = NOTHING
    observed: tuple[Reason, ...] = ()
    refusal: Refusal | None = None


def verify(request: Request, source: Source) -> Verification:
    """Check the signature of a request and read its parameters."""
    try:
        written_as = find_format(request, source)
    except Refused as refused:
        return Verification(None, refusal=_refuse_forged(request, source) or refused.refusal)
    try:
        verified = _verify_raw(request, source) if request.method == "POST" else None
    except Refused as refused:
        return Verification(_read_unproved(request, source, written_as), refusal=refused.refusal)
    try:
        decoded = read_request(request, source, written_as)
    except Refused as refused:
        forged = None if verified else _refuse_forged(request, source)
        return Verification(None, refusal=forged or refused.refusal)
    try:
        return _verify_decoded(request, source, decoded, verified)
    except Refused as refused:
        is_kept = verified or len(request.body) <= MAX_UNPROVED_BODY_BYTES or not _needs_proof(request, source)
        return Verification(decoded if is_kept else None, refusal=refused.refusal)


def _needs_proof(request: Request, source: Source) -> bool:
    """Return whether a body must be signed."""
    return request.method == "POST" and source.settings.auth != "none" and source.settings.mode != "observe"


def _verify_raw(request: Request, source: Source) -> Verified | None:
    if not _needs_proof(request, source):
        return None
    return source.verifier.verify_raw(request, source.settings.timestamp_tolerance_s)


def _read_unproved(request: Request, source: Source, written_as: Format) -> DecodedRequest | None:
    # An operator who looks for a partner's wrong secret needs the ids of its postbacks.
    if len(request.body) > MAX_UNPROVED_BODY_BYTES:
        return None
    try:
        return read_request(request, source, written_as)
    except Refused:
        return None


def _refuse_forged(request: Request, source: Source) -> Refusal | None:
    # A body that cannot be read may be signed: its sender must learn what is wrong with it, a forger must not.
    if not _needs_proof(request, source) or len(request.body) > MAX_BODY_BYTES:
        return None
    try:
        source.verifier.refuse_forged(request, source.settings.timestamp_tolerance_s)
    except Refused as refused:
        return refused.refusal
    return None


def _verify_decoded(
    request: Request, source: Source, decoded: DecodedRequest, verified: Verified | None
) -> Verification:
    settings = source.settings
    if decoded.repeated is not None:
        raise Refused(Reason.DUPLICATE_PARAMETER, decoded.repeated)
    if settings.auth == "none":
        return Verification(decoded)
    try:
        verified = verified or source.verifier.verify(request, decoded, settings.timestamp_tolerance_s)
    except Refused as refused:
        if settings.mode == "observe" and refused.refusal.reason in _OBSERVABLE:
            return Verification(decoded, observed=(refused.refusal.reason,))
        raise
    if verified.decoding is not None and verified.decoding != "form":
        decoded = read_again(decoded, verified.decoding, source)
    return Verification(decoded, verified.secret_id, verified.coverage[request.method])
