"""Judges a pasted request as of its own time, by production's rules, without folding or storing anything."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import find_format, read_request
from postledger.ingest.receive import Reply, evaluate, find_response
from postledger.ingest.validation import refuse_unread
from postledger.ledger.entry import Entry, Outcome, refused
from postledger.ledger.rules.status_rules import fold, is_other_click
from postledger.partners.explain import read_as_judged
from postledger.partners.explained_signature import read_sent_time
from postledger.partners.explanation import KnownConversion
from postledger.partners.judged import find_production_path, find_signed_address
from postledger.partners.pasted_address import AddressFault, find_address_fault
from postledger.partners.pasted_text import Pasted
from postledger.policy.source import Source
from postledger.signatures.signature_input import NOT_DECODED
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, Refused
from postledger.vocabulary.statuses import Standing, Verdict

_SANDBOX = b"/sandbox/"


class Ledger(msgspec.Struct, frozen=True):
    """Looks up what the ledger, or the sandbox if so told, knows of a conversion and of a click."""

    find_known: Callable[[str, str, bool], KnownConversion | None]
    is_click_known: Callable[[str, bool], bool]


class JudgedPaste(msgspec.Struct, frozen=True):
    """A pasted request as it was judged, and what production would answer. `fault`: its address is not the source's."""

    request: Request
    reply: Reply
    known: KnownConversion | None
    is_for_sandbox: bool
    fault: AddressFault | None = None


def judge_pasted(pasted: Pasted, source: Source, receipt: str, now: datetime, ledger: Ledger) -> JudgedPaste:
    """Judge a pasted request. Its conversion is looked up where it was sent to: in the sandbox or in production."""
    sent = Request(
        receipt, now, pasted.method, path=pasted.path, query=pasted.query, body=pasted.body,
        media_type=_read_media_type(pasted.headers.get("content-type", "")), headers=pasted.headers,
    )  # fmt: skip
    fault = find_address_fault(pasted, source)
    if fault is not None:
        refusal = None if fault.reason is None else Refusal(fault.reason)
        return JudgedPaste(sent, Reply(Outcome(Verdict.REFUSED, refusal)), None, is_for_sandbox=False, fault=fault)
    if not pasted.path:  # a query without an address
        sent = replace(sent, path=b"/tracking/postback/" + source.slug.encode())
    in_sandbox = sent.path.startswith(_SANDBOX)
    is_own_path = in_sandbox and not sent.path.startswith(_SANDBOX + b"postback")
    path = find_production_path(sent.path, is_own_path=is_own_path)
    request, address, _ = find_signed_address(replace(sent, received_at=_date(sent, source)), path, source)
    unread = Refusal(Reason.METHOD_NOT_ALLOWED) if sent.method not in ("GET", "POST") else None
    entry = refuse_unread(request, source, unread) if unread else evaluate(request, source)
    known = ledger.find_known(entry.event.dedup_key, receipt, in_sandbox) if entry.event is not None else None
    outcome = _decide(entry, known, lambda click_id: ledger.is_click_known(click_id, in_sandbox))
    return JudgedPaste(request, Reply(outcome, find_response(outcome, entry, source)), known, address == "sandbox")


def _read_media_type(header: str) -> str:
    kind, _, options = header.partition(";")
    charset = next((one.strip() for one in options.split(";") if one.strip().lower().startswith("charset=")), "")
    return f"{kind.strip()}; {charset}".lower() if charset else kind.strip().lower()


def _date(sent: Request, source: Source) -> datetime:
    """Return the signed time of a request, if it is past: a request of yesterday is judged as it was yesterday."""
    judged = read_as_judged(sent)
    try:
        decoded: DecodedRequest = read_request(judged, source, find_format(judged, source))
    except Refused:
        decoded = NOT_DECODED
    sent_s = read_sent_time(judged, decoded, source)
    if sent_s is None or not 0 < sent_s < sent.received_at.timestamp():
        return sent.received_at
    return datetime.fromtimestamp(sent_s, UTC)


def _decide(entry: Entry, known: KnownConversion | None, is_click_known: Callable[[str], bool]) -> Outcome:
    if entry.refusal is not None or entry.event is None:
        return Outcome(Verdict.REFUSED, entry.refusal)
    if known is not None:
        return _fold(entry, known)
    is_ours = entry.named_campaign_id is not None
    if entry.click_check == "required" and not is_ours and not is_click_known(entry.event.click_id):
        return refused(Reason.UNKNOWN_CLICK)
    return Outcome(Verdict.ACCEPTED)


def _fold(entry: Entry, known: KnownConversion) -> Outcome:
    assert entry.event is not None, "only an event has a dedup key"
    event = entry.event
    if entry.rules.other_click == "conflict" and is_other_click(event.click_id, known.click_id):
        return Outcome(Verdict.REFUSED, Refusal(Reason.CONFLICT, cause=Cause.OTHER_CLICK))
    standing = Standing(known.status, known.payout, known.currency, known.event_time)
    verdict = fold(standing, event.standing, entry.rules, refund_id=event.refund_id).verdict
    return refused(Reason.CONFLICT) if verdict is None else Outcome(verdict)
