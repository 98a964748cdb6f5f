"""The judgement: read, verify, validate, in this order, so that nothing unsigned is believed and nothing is half-read.

Pure: the same request against the same source gives the same entry, whatever the clock says meanwhile.
"""

from postledger.domain.entry import Entry
from postledger.domain.event import read_fields, refuse_unresolved_macros
from postledger.domain.parameters import MAX_LENGTH, read_unix_seconds
from postledger.domain.reading import Reading, names_only, read_request
from postledger.domain.refusal import Reason, Refusal, Refused
from postledger.domain.request import Request
from postledger.domain.signing import Key, check_timestamp, find_webhook_headers, match_query, match_webhook
from postledger.domain.source import Source

_SIGNING_FIELDS = ("ts", "sig")

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
        return refuse_unread(request, source, refused.refusal)
    return _judge_reading(request, source, reading)


def refuse_unread(request: Request, source: Source | None, refusal: Refusal) -> Entry:
    """Refuse a request whose parameters could not be read, or are not looked at."""
    return Entry(
        request.receipt, request.received_at, request.method, source.id if source else None, request.client_address,
        names_only(request.query, source), refusal=refusal, observed=request.observed,
    )  # fmt: skip


def _judge_reading(request: Request, source: Source, reading: Reading) -> Entry:
    secret_id, event, refusal, observed = None, None, None, request.observed
    click_id, transaction_id = None, None
    try:
        if reading.repeated is not None:
            raise Refused(Reason.DUPLICATE_PARAMETER, reading.repeated)
        secret_id, unverified = _verify_or_observe(request, source, reading)
        observed += unverified
        click_id, transaction_id = _claimed(reading, "click_id"), _claimed(reading, "transaction_id")
        event = read_fields(reading.fields, source)
    except Refused as refused:
        refusal = refused.refusal
    return Entry(
        request.receipt, request.received_at, request.method, source.id, request.client_address, reading.storable,
        secret_id, event, refusal, source.click_check, source.settings.may_reapprove, observed,
        click_id, transaction_id,
    )  # fmt: skip


def _claimed(reading: Reading, name: str) -> str | None:
    value = reading.fields.get(name, "")
    return value if 0 < len(value) <= MAX_LENGTH and value.isprintable() else None


def _verify_or_observe(request: Request, source: Source, reading: Reading) -> tuple[int | None, tuple[Reason, ...]]:
    try:
        return _verify(request, source, reading), ()
    except Refused as refused:
        if source.settings.mode == "observe" and refused.refusal.reason in _OBSERVABLE:
            return None, (refused.refusal.reason,)
        raise


def _verify(request: Request, source: Source, reading: Reading) -> int | None:
    if source.settings.auth == "none":
        return None
    verify = _verify_query if request.method == "GET" else _verify_webhook
    key, sent_s = verify(request, source, reading)
    check_timestamp(sent_s, request.received_at.timestamp(), source.settings.timestamp_tolerance_s)
    return key.secret_id


def _verify_query(_: Request, source: Source, reading: Reading) -> tuple[Key, int]:
    fields = reading.fields
    refuse_unresolved_macros({name: fields[name] for name in _SIGNING_FIELDS if name in fields})
    if not fields.get("sig"):
        raise Refused(Reason.MISSING_SIGNATURE)
    if not fields.get("ts"):
        raise Refused(Reason.MISSING_PARAMETER, "ts")
    sent_s = read_unix_seconds("ts", fields["ts"])
    return match_query(source.keys, reading.signed, fields["sig"]), sent_s


def _verify_webhook(request: Request, source: Source, reading: Reading) -> tuple[Key, int]:
    sent = find_webhook_headers(request.headers)
    sent_s = read_unix_seconds("ts", sent.timestamp)
    return match_webhook(source.keys, sent, reading.signed), sent_s
