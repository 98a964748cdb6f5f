"""Reads the fields of a verified postback into a conversion event, and validates every value."""

from collections.abc import Container, Mapping
from decimal import Decimal

from postledger.decoding.parameters import (
    SUB_NAMES,
    read_currency,
    read_event,
    read_event_time,
    read_identifier,
    read_label,
    read_payout,
)
from postledger.decoding.unresolved_macros import OPENINGS, find_macro
from postledger.ledger.rules.dedup_key import dedup_key_by
from postledger.policy.source import Source
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason, Refused
from postledger.vocabulary.statuses import Status

_VERSION = "1"
DEFAULT_EVENT = "conversion"
DEFAULT_STATUS = Status.APPROVED


def read_fields(fields: Mapping[str, str], source: Source, idempotency_key: str) -> Event:
    """Validate the fields of a verified postback. Raises `Refused` with the name of the parameter at fault.

    Test postbacks are refused too: a source marks them with one of its `test_parameters`. `idempotency_key` names the
    conversion if every postback is one and brings no transaction id.
    """
    refuse_unresolved_macros(fields)
    if fields.get("v", _VERSION) != _VERSION:
        raise Refused(Reason.UNSUPPORTED_VERSION)
    click_id = _read_click_id(fields)
    transaction_id = read_identifier("transaction_id", fields["transaction_id"]) if "transaction_id" in fields else None
    event = _read_event(fields["event"], source) if "event" in fields else DEFAULT_EVENT
    reverses = _read_reverses(fields, source, transaction_id)
    status = _read_status(fields, source, reverses)
    payout = _read_amount(fields, source) if "payout" in fields else None
    if payout is not None and payout.is_signed():
        status = _read_negative(payout, status, source)
    if status != Status.REVERSED:
        reverses = None
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
        affiliate_id=read_label("affiliate_id", fields.get("affiliate_id", "")) or None,
        subs=_read_subs(fields),
        event_time=read_event_time(fields["event_time"]) if "event_time" in fields else None,
        reverses=reverses,
    )
    if source.test_words:
        _refuse_test(fields, source.test_words)  # last, so that this refusal means that everything else is valid
    return found


def refuse_unresolved_macros(fields: Mapping[str, str]) -> None:
    """Refuse a field that holds a macro which the sender's template did not fill."""
    for name, value in fields.items():
        if value[:1] in OPENINGS and (macro := find_macro(value)):  # the first check spares nearly all of the calls
            raise Refused(Reason.UNRESOLVED_MACRO, name, macro)


def _refuse_test(fields: Mapping[str, str], words: Mapping[str, Container[str]]) -> None:
    for name, listed in words.items():
        if fields.get(name, "").strip().lower() in listed:
            raise Refused(Reason.INVALID_PARAMETER, name)


def _read_click_id(fields: Mapping[str, str]) -> str:
    if not fields.get("click_id"):
        raise Refused(Reason.MISSING_PARAMETER, "click_id")
    return read_identifier("click_id", fields["click_id"])


def _read_event(name: str, source: Source) -> str:
    return source.events_by_name.get(name.strip().lower()) or read_event(name)


def _read_reverses(fields: Mapping[str, str], source: Source, transaction_id: str | None) -> str | None:
    if fields.get("reverses"):
        return read_identifier("reverses", fields["reverses"])
    prefix = source.settings.reversal_prefix
    if prefix is None or transaction_id is None or not transaction_id.startswith(prefix):
        return None
    return read_identifier("transaction_id", transaction_id.removeprefix(prefix))


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


def _read_subs(fields: Mapping[str, str]) -> dict[str, str] | None:
    return {name: read_label(name, fields[name]) for name in SUB_NAMES if name in fields} or None
