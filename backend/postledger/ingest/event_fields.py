"""Reads the fields of a verified postback into a conversion event, and validates every value."""

import re
from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from msgspec.structs import replace

from postledger.decoding.identities import IDENTITY_FIELDS, MAX_LENGTH, read_literal
from postledger.decoding.parameters import (
    SUB_NAMES,
    is_plain_id,
    read_currency,
    read_event,
    read_event_time,
    read_identifier,
    read_label,
    read_payout,
)
from postledger.decoding.unresolved_macros import OPENINGS, find_macro
from postledger.ingest.damaged_parameters import refuse_missing_in_text, refuse_swallowed
from postledger.ingest.former_keys import NOTHING_SENT, list_former_keys
from postledger.ingest.labels import read_doubtful_label
from postledger.ledger.rules.dedup_key import dedup_key_by
from postledger.policy.source import Source
from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.conversion_event import DEFAULT_EVENT, Event
from postledger.vocabulary.refusal import Cause, Reason, Refused
from postledger.vocabulary.statuses import Status

_VERSION = "1"
DEFAULT_STATUS = Status.APPROVED
MAX_AHEAD = timedelta(hours=1)
"""How far ahead of the receipt an event may have happened: clocks differ, and some senders use local time."""
_SUBS = frozenset(SUB_NAMES)
_STRICTER = frozenset({*IDENTITY_FIELDS, *SUB_NAMES})
_PLAIN_LABEL = re.compile(r"(?!REPLACE|OPTIONAL|xx)[A-Za-z0-9 .,:/@+-](?:[A-Za-z0-9 .,:/@+-]++|_(?!_))*|")


def read_fields(
    fields: Mapping[str, str],
    source: Source,
    idempotency_key: str,
    received_at: datetime,
    sent: Mapping[str, str] = NOTHING_SENT,
) -> Event:
    """Validate the fields of a verified postback. Raises `Refused` with the name of the parameter at fault.

    Test postbacks are refused too: a source marks them with one of its `test_parameters`. `idempotency_key` names the
    conversion if every postback is one and brings no transaction id. `sent` are the values by the sender's names.
    """
    refuse_unresolved_macros(fields)
    if fields.get("v", _VERSION) != _VERSION:
        raise Refused(Reason.UNSUPPORTED_VERSION)
    click_id = _read_click_id(fields, source)
    transaction_id = (
        _read_id("transaction_id", fields["transaction_id"], source) if "transaction_id" in fields else None
    )
    event = _read_event(fields["event"], source) if "event" in fields else DEFAULT_EVENT
    reverses = _read_reverses(fields, source, transaction_id)
    status = _read_status(fields, source, reverses)
    payout = _read_amount(fields, source) if "payout" in fields else None
    if payout is not None and payout.is_signed():
        status = _read_negative(payout, status, source)
    if status != Status.REVERSED:
        reverses = None
    subs, label_notes = _read_subs(fields, source)
    found = Event(
        dedup_key=dedup_key_by(
            source.rules_for(event),
            source.id,
            event,
            transaction_id=reverses or transaction_id,
            click_id=click_id,
            idempotency_key=idempotency_key,
        ),
        event=event,
        click_id=click_id,
        transaction_id=transaction_id,
        status=status,
        source_status=fields.get("status"),
        payout=payout,
        currency=_read_currency(fields, source, payout),
        affiliate_id=_read_affiliate_id(fields, source),
        subs=subs,
        event_time=_read_event_time(fields["event_time"], received_at) if "event_time" in fields else None,
        reverses=reverses,
        label_notes=label_notes,
    )
    if source.test_words:
        _refuse_test(fields, source.test_words)  # last, so that this refusal means that everything else is valid
    if (
        click_id == fields["click_id"]
        and transaction_id == fields.get("transaction_id")
        and reverses is None
        and ("event" not in fields or event == fields["event"].lower())
        and not source.settings.former
    ):
        return found  # no name of the conversion was trimmed or mapped, as for nearly all
    return replace(found, former_keys=list_former_keys(found, fields, sent, source, idempotency_key))


def refuse_unresolved_macros(fields: Mapping[str, str]) -> None:
    """Refuse a field that holds a macro which the sender did not fill. Ids and labels have rules of their own."""
    for name, value in fields.items():
        # The first check spares nearly all of the calls.
        if value[:1] in OPENINGS and name not in _STRICTER and (macro := find_macro(value)):
            raise Refused(Reason.UNRESOLVED_MACRO, name, macro)


def _read_id(name: str, value: str, source: Source) -> str:
    if is_plain_id(value):
        return value
    if name in source.settings.literal:
        return read_literal(name, value)
    if "=" in value or "%" in value:
        refuse_swallowed(value, source)
    return read_identifier(name, value)


def _refuse_test(fields: Mapping[str, str], words: Mapping[str, Container[str]]) -> None:
    for name, listed in words.items():
        if fields.get(name, "").strip().lower() in listed:
            raise Refused(Reason.INVALID_PARAMETER, name)


def _read_click_id(fields: Mapping[str, str], source: Source) -> str:
    if not fields.get("click_id"):
        raise Refused(Reason.MISSING_PARAMETER, "click_id")
    return _read_id("click_id", fields["click_id"], source)


def _read_affiliate_id(fields: Mapping[str, str], source: Source) -> str | None:
    sent = fields.get("affiliate_id", "")
    return None if not sent or sent.isspace() else _read_id("affiliate_id", sent, source)


def _read_event_time(value: str, received_at: datetime) -> datetime:
    time = read_event_time(value)
    if time > received_at + MAX_AHEAD:  # every later event would be older, and would change nothing
        raise Refused(Reason.INVALID_PARAMETER, "event_time", cause=Cause.FUTURE)
    return time


def _read_event(name: str, source: Source) -> str:
    if source.events_by_name and (mapped := source.events_by_name.get(name.strip().lower())):
        return mapped
    return _read_usual_event(name) or read_event(_read_id("event", name, source))


@lru_cache(maxsize=1024)
def _read_usual_event(name: str) -> str | None:
    """Read an event whose name is beyond doubt. Sources have few, so that nearly all are found in the cache."""
    return read_event(name) if len(name) <= MAX_LENGTH and is_plain_id(name) else None


def _read_reverses(fields: Mapping[str, str], source: Source, transaction_id: str | None) -> str | None:
    if fields.get("reverses"):
        return _read_id("reverses", fields["reverses"], source)
    prefix = source.settings.reversal_prefix
    if prefix is None or transaction_id is None or not transaction_id.startswith(prefix):
        return None
    return _read_id("transaction_id", transaction_id.removeprefix(prefix), source)


def _read_status(fields: Mapping[str, str], source: Source, reverses: str | None) -> Status:
    word = fields.get("status")
    if word is None:
        return DEFAULT_STATUS if reverses is None else Status.REVERSED
    status = _read_word(word, fields, source)
    # A network that has a parameter of its own for this may send it with every status, as a link between postbacks.
    if reverses is not None and status != Status.REVERSED and "reverses" not in source.settings.params:
        raise Refused(Reason.INVALID_PARAMETER, "reverses")
    return status


def _read_word(word: str, fields: Mapping[str, str], source: Source) -> Status:
    status = _find_in_request(word, fields, source) if word and source.settings.status_parameters else None
    if status is None:
        status = source.statuses_by_word.get(word.lower())
    if status is not None:
        return status
    if word and source.settings.unknown_status == "pending":  # never approved, because no known word says so
        read_label("status", word)
        refuse_missing_in_text(word, fields, source)
        return Status.PENDING
    raise Refused(Reason.INVALID_PARAMETER, "status")


def _find_in_request(word: str, fields: Mapping[str, str], source: Source) -> Status | None:
    """Find the meaning of a status word in the request: `sale_status=1,2` overrides the words of the source."""
    meanings = {
        status
        for name, status in source.settings.status_parameters.items()
        if word.lower() in (listed.strip().lower() for listed in fields.get(name, "").split(","))
    }
    if len(meanings) > 1:
        raise Refused(Reason.INVALID_PARAMETER, "status")
    return next(iter(meanings), None)


def _read_negative(payout: Decimal, status: Status, source: Source) -> Status:
    takes_back = payout < 0  # -0 takes nothing back; as a reversal it would take back everything
    if takes_back and status == Status.REVERSED:
        return status
    if takes_back and status == Status.APPROVED and source.settings.negative_payout == "reversed":
        return Status.REVERSED
    raise Refused(Reason.INVALID_PARAMETER, "payout")


def _read_amount(fields: Mapping[str, str], source: Source) -> Decimal:
    if source.read_amount is None:
        return read_payout(fields["payout"])
    currency = read_currency(fields["currency"]) if "currency" in fields else source.settings.currency
    return source.read_amount(fields["payout"], currency)


def _read_currency(fields: Mapping[str, str], source: Source, payout: Decimal | None) -> str | None:
    if "currency" in fields:
        return read_currency(fields["currency"])
    return source.settings.currency if payout is not None else None


def _read_subs(fields: Mapping[str, str], source: Source) -> tuple[dict[str, str] | None, dict[str, LabelCause] | None]:
    if _SUBS.isdisjoint(fields):
        return None, None
    subs: dict[str, str] = {}
    notes: dict[str, LabelCause] = {}
    for name in SUB_NAMES:
        value = fields.get(name)
        if value is None:
            continue
        if type(value) is not str or len(value) > MAX_LENGTH or not _PLAIN_LABEL.fullmatch(value):
            kept, cause = read_doubtful_label(name, value, fields, source)
            if cause is not None:
                notes[name] = cause
            if kept is None:
                continue
            value = kept
        subs[name] = value
    return subs or None, notes or None
