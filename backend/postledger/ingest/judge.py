"""The judgement: read, verify, validate, in this order, so that nothing unsigned is believed and nothing is half-read.

Pure: the same request against the same source gives the same entry, whatever the clock says meanwhile.
"""

import msgspec

from postledger.decoding.json_v2 import check_items
from postledger.decoding.pairs import Reading
from postledger.decoding.parameters import MAX_LENGTH
from postledger.ingest.event_fields import read_fields
from postledger.ingest.idempotency_key import name_occasion
from postledger.ingest.read_request import names_only, read_again, read_request
from postledger.ledger.entry import Entry
from postledger.policy.source import Source
from postledger.policy.unsigned_fields import find_unsigned, refuse_unsigned
from postledger.signatures.signed_fields import NOTHING, Coverage
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.refusal import Reason, Refusal, Refused

_OBSERVABLE = frozenset({
    Reason.MISSING_SIGNATURE,
    Reason.BAD_SIGNATURE,
    Reason.STALE_TIMESTAMP,
    Reason.FUTURE_TIMESTAMP,
})  # fmt: skip


def judge(request: Request, source: Source | None) -> Entry:
    """Turn a request into the entry that the ledger will write: an event, or a refusal with its reason."""
    if source is None:
        return refuse_unread(request, None, Refusal(Reason.UNKNOWN_SOURCE))
    try:
        reading = read_request(request, source)
    except Refused as refused:
        return refuse_unread(request, source, _refuse_forged(request, source) or refused.refusal)
    return _judge_reading(request, source, reading)


def refuse_unread(request: Request, source: Source | None, refusal: Refusal) -> Entry:
    """Refuse a request whose parameters could not be read, or are not looked at."""
    return Entry(
        request.receipt, request.received_at, request.method, source.id if source else None,
        source.store_address(request.client_address) if source else request.client_address,
        names_only(request.query, source), refusal=refusal, observed=request.observed,
    )  # fmt: skip


def _judge_reading(request: Request, source: Source, reading: Reading) -> Entry:
    secret_id, event, refusal, observed = None, None, None, request.observed
    click_id, transaction_id = None, None
    unsigned: tuple[str, ...] = ()
    try:
        if reading.repeated is not None:
            raise Refused(Reason.DUPLICATE_PARAMETER, reading.repeated)
        proof = _verify_or_observe(request, source, reading)
        secret_id, reading = proof.secret_id, proof.reading
        click_id, transaction_id = _claimed(reading, "click_id"), _claimed(reading, "transaction_id")
        if reading.version not in source.versions:
            raise Refused(Reason.UNSUPPORTED_VERSION)
        if reading.document is not None:
            check_items(reading.document)
        unsigned = find_unsigned(reading, proof.coverage, source)
        observed += proof.observed or _refuse_or_observe_unsigned(unsigned, source)
        occasion = name_occasion(request, reading, source, is_verified=secret_id is not None)
        event = read_fields(reading.fields, source, occasion)
    except Refused as refused:
        refusal = refused.refusal
    return Entry(
        request.receipt, request.received_at, request.method, source.id, source.store_address(request.client_address),
        reading.storable, secret_id, event, refusal,
        source.click_check, source.rules_for(event.event if event else ""), observed,
        click_id, transaction_id, unsigned,
    )  # fmt: skip


def _claimed(reading: Reading, name: str) -> str | None:
    value = reading.fields.get(name, "")
    return value if 0 < len(value) <= MAX_LENGTH and value.isprintable() else None


def _refuse_forged(request: Request, source: Source) -> Refusal | None:
    # A body that makes no sense may still be signed: who forged it is told so, and who signed it learns what is wrong.
    if request.method != "POST" or source.settings.auth == "none" or source.settings.mode == "observe":
        return None
    if len(request.body) > MAX_BODY_BYTES:
        return None
    try:
        source.verifier.refuse_forged(request, source.settings.timestamp_tolerance_s)
    except Refused as refused:
        return refused.refusal
    return None


class _Proof(msgspec.Struct, frozen=True):
    """What a signature proves of a reading; without one, nothing."""

    reading: Reading
    secret_id: int | None = None
    coverage: Coverage = NOTHING
    observed: tuple[Reason, ...] = ()


def _verify_or_observe(request: Request, source: Source, reading: Reading) -> _Proof:
    settings = source.settings
    if settings.auth == "none":
        return _Proof(reading)
    try:
        verified = source.verifier.verify(request, reading, settings.timestamp_tolerance_s)
    except Refused as refused:
        if settings.mode == "observe" and refused.refusal.reason in _OBSERVABLE:
            return _Proof(reading, observed=(refused.refusal.reason,))
        raise
    if verified.decoding is not None and verified.decoding != "form":
        reading = read_again(reading, verified.decoding, source)
    return _Proof(reading, verified.secret_id, verified.coverage[request.method])


def _refuse_or_observe_unsigned(unsigned: tuple[str, ...], source: Source) -> tuple[Reason, ...]:
    if not unsigned or not source.settings.require_signed:
        return ()
    try:
        refuse_unsigned(unsigned, source.settings.require_signed)
    except Refused as refused:
        if source.settings.mode == "observe":
            return (refused.refusal.reason,)
        raise
    return ()
