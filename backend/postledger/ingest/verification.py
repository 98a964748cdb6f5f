"""Verification: reads the parameters of a request and checks its signature. No value is validated here.

The result is a value of its own, so that a sandbox or a replay can continue with validation from there. Pure: the same
request against the same source gives the same result.
"""

import msgspec

from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import read_again, read_request
from postledger.policy.source import Source
from postledger.signatures.signed_fields import NOTHING, Coverage
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.refusal import Reason, Refusal, Refused

_OBSERVABLE = frozenset({
    Reason.MISSING_SIGNATURE,
    Reason.BAD_SIGNATURE,
    Reason.STALE_TIMESTAMP,
    Reason.FUTURE_TIMESTAMP,
})  # fmt: skip


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
    """Read the parameters of a request and check its signature."""
    try:
        decoded = read_request(request, source)
    except Refused as refused:
        return Verification(None, refusal=_refuse_forged(request, source) or refused.refusal)
    try:
        return _verify_decoded(request, source, decoded)
    except Refused as refused:
        return Verification(decoded, refusal=refused.refusal)


def _refuse_forged(request: Request, source: Source) -> Refusal | None:
    # A body that cannot be read may be signed: its sender must learn what is wrong with it, a forger must not.
    if request.method != "POST" or source.settings.auth == "none" or source.settings.mode == "observe":
        return None
    if len(request.body) > MAX_BODY_BYTES:
        return None
    try:
        source.verifier.refuse_forged(request, source.settings.timestamp_tolerance_s)
    except Refused as refused:
        return refused.refusal
    return None


def _verify_decoded(request: Request, source: Source, decoded: DecodedRequest) -> Verification:
    settings = source.settings
    if decoded.repeated is not None:
        raise Refused(Reason.DUPLICATE_PARAMETER, decoded.repeated)
    if settings.auth == "none":
        return Verification(decoded)
    try:
        verified = source.verifier.verify(request, decoded, settings.timestamp_tolerance_s)
    except Refused as refused:
        if settings.mode == "observe" and refused.refusal.reason in _OBSERVABLE:
            return Verification(decoded, observed=(refused.refusal.reason,))
        raise
    if verified.decoding is not None and verified.decoding != "form":
        decoded = read_again(decoded, verified.decoding, source)
    return Verification(decoded, verified.secret_id, verified.coverage[request.method])
