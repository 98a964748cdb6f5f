"""Verification: checks the signature of a request and reads its parameters. No value is validated here.

A signature over the raw body is checked before the body is interpreted, so that a forger cannot choose what that costs.

The result is a value of its own, so that a sandbox or a replay can continue with validation from there. Pure: the same
request against the same source gives the same result.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import Format, find_format, read_again, read_request
from postledger.ingest.unread_body import Beginning, read_beginning
from postledger.ledger.entry import Proof
from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES
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


_UNVERIFIED: Mapping[Format, Proof | None] = {"query": None, "form": Proof("form"), "json": Proof("json")}


class Verification(msgspec.Struct, frozen=True):
    """What is known of a request before its values are validated.

    - `decoded`: the parameters; None if they could not be read.
    - `secret_id`: the secret whose signature matched; None without a valid signature.
    - `coverage`: the parameters that the signature covers.
    - `observed`: why the request would be refused if its source were not in observe mode.
    - `beginning`: what may be stored of a forged body that is too long to be read.
    - `proof`: how it was read and verified.
    - `idempotency_key`: which charge it is, if that is known already, as for a row that is judged again.
    - `refusal`: set if the request is refused already; then nothing else was proved.
    """

    decoded: DecodedRequest | None
    secret_id: int | None = None
    coverage: Coverage = NOTHING
    observed: tuple[Reason, ...] = ()
    refusal: Refusal | None = None
    beginning: Beginning | None = None
    proof: Proof | None = None
    idempotency_key: str | None = None


def verify(request: Request, source: Source) -> Verification:
    """Check the signature of a request and read its parameters."""
    try:
        written_as = find_format(request, source)
    except Refused as refused:
        return Verification(None, refusal=_refuse_forged(request, source) or refused.refusal)
    try:
        verified = _verify_raw(request, source) if request.method == "POST" else None
    except Refused as refused:
        return _keep_unproved(request, source, written_as, refused.refusal)
    try:
        decoded = read_request(request, source, written_as)
    except Refused as refused:
        return _refuse_unreadable(request, source, written_as, refused.refusal, is_verified=verified is not None)
    try:
        return _verify_decoded(request, source, decoded, written_as, verified)
    except Refused as refused:
        if verified or not _needs_proof(request, source) or not _is_long(request):
            return Verification(decoded, refusal=refused.refusal)
        return _keep_unproved(request, source, written_as, refused.refusal)


def _needs_proof(request: Request, source: Source) -> bool:
    """Return whether a body must be signed."""
    return request.method == "POST" and source.settings.auth != "none" and source.settings.mode != "observe"


def _verify_raw(request: Request, source: Source) -> Verified | None:
    if not _needs_proof(request, source):
        return None
    return source.verifier.verify_raw(request, source.settings.timestamp_tolerance_s)


def _is_long(request: Request) -> bool:
    return len(request.body) > MAX_UNPROVED_RAW_BYTES


def _keep_unproved(request: Request, source: Source, written_as: Format, refusal: Refusal) -> Verification:
    # An operator who looks for a partner's wrong secret needs the ids of its postbacks.
    if _is_long(request):
        return Verification(None, refusal=refusal, beginning=read_beginning(request.body, source, written_as))
    try:
        return Verification(read_request(request, source, written_as), refusal=refusal)
    except Refused:
        return Verification(None, refusal=refusal)


def _refuse_unreadable(
    request: Request, source: Source, written_as: Format, refusal: Refusal, *, is_verified: bool
) -> Verification:
    forged = None if is_verified else _refuse_forged(request, source)
    if forged is not None and _is_long(request):
        return _keep_unproved(request, source, written_as, forged)
    return Verification(None, refusal=forged or refusal)


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
    request: Request, source: Source, decoded: DecodedRequest, written_as: Format, verified: Verified | None
) -> Verification:
    settings = source.settings
    if decoded.repeated is not None:
        raise Refused(Reason.DUPLICATE_PARAMETER, decoded.repeated)
    if settings.auth == "none":
        return Verification(decoded, proof=_UNVERIFIED[written_as])
    try:
        verified = verified or source.verifier.verify(request, decoded, settings.timestamp_tolerance_s)
    except Refused as refused:
        if settings.mode == "observe" and refused.refusal.reason in _OBSERVABLE:
            return Verification(decoded, observed=(refused.refusal.reason,), proof=_UNVERIFIED[written_as])
        raise
    if verified.decoding is not None and verified.decoding != "form":
        decoded = read_again(decoded, verified.decoding, source)
    proof = _write_proof(written_as, verified)
    return Verification(decoded, verified.secret_id, verified.coverage[request.method], proof=proof)


def _write_proof(written_as: Format, verified: Verified) -> Proof:
    decoding, signed_s = verified.decoding, verified.signed_s
    return Proof(
        None if written_as == "query" else written_as,
        verified.scheme or None,
        None if decoding == "form" else decoding,
        None if signed_s is None else datetime.fromtimestamp(signed_s, UTC),
    )
