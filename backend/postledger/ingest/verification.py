"""Verification: reads the parameters of a request and checks its signature. No value is validated here.

The result is a value of its own, so that a sandbox or a replay can continue with validation from there. Pure: the same
request against the same source gives the same result.
"""

import msgspec

from postledger.decoding.pairs import Reading
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

    - `reading`: the parameters; None if they could not be read.
    - `secret_id`: the secret whose signature matched; None without a valid signature.
    - `coverage`: the parameters that the signature covers.
    - `observed`: why the request would be refused if its source were not in observe mode.
    - `refusal`: set if the request is refused already; then nothing else was proved.
    """

    reading: Reading | None
    secret_id: int | None = None
    coverage: Coverage = NOTHING
    observed: tuple[Reason, ...] = ()
    refusal: Refusal | None = None


def verify(request: Request, source: Source) -> Verification:
    """Read the parameters of a request and check its signature."""
    try:
        reading = read_request(request, source)
    except Refused as refused:
        return Verification(None, refusal=_refuse_forged(request, source) or refused.refusal)
    try:
        return _verify_reading(request, source, reading)
    except Refused as refused:
        return Verification(reading, refusal=refused.refusal)


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


def _verify_reading(request: Request, source: Source, reading: Reading) -> Verification:
    settings = source.settings
    if reading.repeated is not None:
        raise Refused(Reason.DUPLICATE_PARAMETER, reading.repeated)
    if settings.auth == "none":
        return Verification(reading)
    try:
        verified = source.verifier.verify(request, reading, settings.timestamp_tolerance_s)
    except Refused as refused:
        if settings.mode == "observe" and refused.refusal.reason in _OBSERVABLE:
            return Verification(reading, observed=(refused.refusal.reason,))
        raise
    if verified.decoding is not None and verified.decoding != "form":
        reading = read_again(reading, verified.decoding, source)
    return Verification(reading, verified.secret_id, verified.coverage[request.method])
