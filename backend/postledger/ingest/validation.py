"""Validation: makes the ledger entry of a verified request, with a conversion event or with the reason of a refusal.

Pure: the same request and verification give the same entry.
"""

from typing import Literal

from msgspec.structs import replace

from postledger.decoding.identities import MAX_LENGTH, trim
from postledger.decoding.json_v2 import VERSION, check_items
from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.damaged_parameters import refuse_damaged_names
from postledger.ingest.event_fields import read_fields
from postledger.ingest.former_keys import NOTHING_SENT
from postledger.ingest.idempotency_key import find_idempotency_key
from postledger.ingest.read_request import names_only, write_masked
from postledger.ingest.verification import Verification
from postledger.ledger.entry import Entry
from postledger.policy.source import Source
from postledger.policy.unsigned_fields import find_unsigned, refuse_unsigned
from postledger.vocabulary import click_id as click_ids
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, Refused
from postledger.vocabulary.sample_click import SAMPLE_CLICK


def refuse_unread(request: Request, source: Source | None, refusal: Refusal) -> Entry:
    """Make the entry of a request whose parameters cannot be read, or are not read."""
    return Entry(
        request.receipt, request.received_at, request.method, source.id if source else None,
        source.store_address(request.client_address) if source else request.client_address,
        names_only(request.query, source), refusal=refusal, observed=request.observed,
    )  # fmt: skip


def validate(request: Request, source: Source, verification: Verification, policy_version: int | None = None) -> Entry:
    """Validate the values of a verified request. What verification refused becomes the entry of a refusal."""
    decoded, refusal = verification.decoded, verification.refusal
    if decoded is None:
        assert refusal is not None, "what cannot be read is refused"
        entry, found = refuse_unread(request, source, refusal), verification.beginning
        return entry if found is None else replace(entry, raw=found.raw, whole=found.whole)
    event, observed, click_id, transaction_id = None, request.observed, None, None
    unsigned: tuple[str, ...] = ()
    key = request.receipt
    if refusal is None:
        try:
            _refuse_version(decoded, source)
            if len(decoded.fields) != len(decoded.segments):  # equal: each parameter is known
                refuse_damaged_names(decoded, source)
            if source.notice_words:
                _refuse_notice(decoded, source)
            if not verification.coverage.is_total:
                unsigned = find_unsigned(decoded, verification.coverage, source)
            observed += verification.observed or _refuse_or_observe_unsigned(unsigned, source)
            if source.counts_every:
                is_signed = verification.secret_id is not None
                key = verification.idempotency_key or find_idempotency_key(
                    request, decoded, source, is_signed=is_signed
                )
            event = _read_event(request, source, decoded, key)
        except Refused as refused:
            refusal = refused.refusal
            click_id, transaction_id = _claimed(decoded, "click_id"), _claimed(decoded, "transaction_id")
    return Entry(
        request.receipt, request.received_at, request.method, source.id, source.store_address(request.client_address),
        write_masked(decoded, source) if decoded.is_masked else decoded.storable,
        verification.secret_id, event, refusal,
        _find_click_check(event, source), source.rules_for(event.event if event else ""), observed,
        click_id, transaction_id, unsigned, _find_campaign(event, source), None,
        verification.proof, None if key == request.receipt else key,
        None if verification.refusal else policy_version,
    )  # fmt: skip


def _find_click_check(event: Event | None, source: Source) -> Literal["required", "observed"] | None:
    # The click of a sample exists in the sandbox alone, so no sample is ever booked.
    if event is not None and event.click_id.startswith(SAMPLE_CLICK):
        return "required"
    return source.click_check


def _find_campaign(event: Event | None, source: Source) -> int | None:
    # A click that was not stored has no row. Its id names the campaign, and proves that it is ours.
    if event is None or source.click_key is None or len(event.click_id) != click_ids.LENGTH:
        return None
    minted = click_ids.verify_click_id(source.click_key, event.click_id)
    return None if minted is None else minted.campaign_id


def _claimed(decoded: DecodedRequest, name: str) -> str | None:
    # A refused postback keeps the ids that it names, so that an operator can find it by them.
    value = trim(decoded.fields.get(name, ""))
    return value if 0 < len(value) <= MAX_LENGTH and value.isprintable() else None


def _refuse_version(decoded: DecodedRequest, source: Source) -> None:
    if decoded.version not in source.versions:
        raise Refused(Reason.UNSUPPORTED_VERSION)
    if decoded.document is not None and decoded.version == VERSION:
        check_items(decoded.document)


def _refuse_notice(decoded: DecodedRequest, source: Source) -> None:
    # Of a notice nothing else is read: it reports no conversion, so it needs no click.
    for name, listed in source.notice_words.items():
        if decoded.fields.get(name, "").strip().lower() in listed:
            raise Refused(Reason.INVALID_PARAMETER, name, cause=Cause.NOTICE)


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


def _read_event(request: Request, source: Source, decoded: DecodedRequest, key: str) -> Event:
    sent = NOTHING_SENT
    if source.settings.former:
        sent = {name: value for _, name, value in decoded.segments} or dict(decoded.members)
    return read_fields(decoded.fields, source, key, request.received_at, sent)
