"""The steps of an explanation that show what a postback says: mapped values, its dedup key, and the fold."""

from decimal import Decimal

from postledger.decoding.pairs import DecodedRequest
from postledger.decoding.parameters import read_currency, read_payout
from postledger.ledger.entry import Entry
from postledger.partners.explained_reading import list_sent, shorten
from postledger.partners.explanation import Dedup, Fold, KnownConversion, Mapped, MappedValue, ReadAmount
from postledger.partners.next_steps import REFUND_CONFLICT, STATUS_CONFLICT
from postledger.policy.privacy import MASK
from postledger.policy.source import Source
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Cause, Refusal, Refused
from postledger.vocabulary.statuses import Status, Verdict

_LONGEST = 255


def explain_mapping(decoded: DecodedRequest, source: Source, event: Event | None) -> Mapped:
    """Show the values that Postledger translates, also of a postback that was refused."""
    return Mapped(
        _map_status(decoded, source, event), _map_payout(decoded, source), _map_currency(decoded, source, event)
    )


def _map_status(decoded: DecodedRequest, source: Source, event: Event | None) -> MappedValue:
    word = decoded.fields.get("status")
    by = _name_setting(word, source, event)
    means = event.status if event is not None else source.statuses_by_word.get((word or "").lower())
    if event is None and word is None:
        means = Status.APPROVED
    return MappedValue(_show("status", decoded, source), None if means is None else means.value, by)


def _name_setting(word: str | None, source: Source, event: Event | None) -> str | None:
    """Name the setting that gives the status its meaning."""
    if event is not None and event.status == Status.REVERSED and event.payout is not None and event.payout < 0:
        return "negative_payout" if word is None or word.lower() != Status.REVERSED else "statuses"
    if word is None:
        return "reverses" if event is not None and event.status == Status.REVERSED else "default"
    if any(word.lower() in map(str.lower, listed) for listed in source.settings.statuses.values()):
        return "statuses"
    if word.lower() in source.statuses_by_word:
        return "canonical word"
    if event is None:
        return None
    return "status_parameters" if source.settings.status_parameters else "unknown_status"


def _map_payout(decoded: DecodedRequest, source: Source) -> ReadAmount:
    sent = decoded.fields.get("payout")
    if sent is None:
        return ReadAmount(None, None)
    try:
        currency = (
            read_currency(decoded.fields["currency"]) if "currency" in decoded.fields else source.settings.currency
        )
        amount = read_payout(sent) if source.read_amount is None else source.read_amount(sent, currency)
    except Refused:
        return ReadAmount(_show("payout", decoded, source), None)
    return ReadAmount(_show("payout", decoded, source), f"{amount:f}")


def _map_currency(decoded: DecodedRequest, source: Source, event: Event | None) -> MappedValue:
    sent = decoded.fields.get("currency")
    if sent is None:
        means = event.currency if event is not None else source.settings.currency
        return MappedValue(None, means, "default" if means is not None else None)
    try:
        return MappedValue(_show("currency", decoded, source), read_currency(sent), "ISO 4217")
    except Refused:
        return MappedValue(_show("currency", decoded, source), None, None)


def _show(canonical: str, decoded: DecodedRequest, source: Source) -> str | None:
    """Show the value of a field; of personal data, only that it was sent."""
    value = decoded.fields.get(canonical)
    if value is None:
        return None
    names = [name for name, _ in list_sent(decoded) if source.canonical_names.get(name) == canonical]
    return MASK if not source.masked_names.isdisjoint(names) else shorten(value, _LONGEST)


def explain_dedup(entry: Entry, decoded: DecodedRequest, source: Source, known: KnownConversion | None) -> Dedup | None:
    """Show what identifies the conversion; None if the postback says none."""
    event = entry.event
    if event is None:
        return None
    rules, transaction = source.rules_for(event.event), event.reverses or event.transaction_id
    parts, shown = (source.slug, event.event), _show("transaction_id", decoded, source)
    own = MASK if shown == MASK else shorten(transaction or "", _LONGEST)
    click = _show("click_id", decoded, source) or ""
    first = None if known is None else known.first
    if rules.duplicates == "every" and transaction is None:
        return Dedup("occasion", parts, known is not None, first)
    if rules.key_by == "transaction" and transaction is not None:
        return Dedup("transaction", (*parts, own), known is not None, first)
    if rules.duplicates == "every" and transaction is not None:
        return Dedup("click and transaction", (*parts, click, own), known is not None, first)
    return Dedup("click", (*parts, click), known is not None, first)


def explain_fold(
    event: Event | None, source: Source, known: KnownConversion | None, verdict: Verdict, refusal: Refusal | None
) -> Fold | None:
    """Show what the event does to a known conversion, with the rule that decides."""
    if event is None or known is None:
        return None
    was, says = (
        _describe(known.status, known.payout, known.currency),
        _describe(event.status, event.payout, event.currency),
    )
    return Fold(was, says, _name_rule(event, source, known, verdict, refusal))


def _describe(status: Status, payout: Decimal | None, currency: str | None) -> str:
    return status.value if payout is None else f"{status.value} {payout:f} {currency or ''}".strip()


def _name_rule(event: Event, source: Source, known: KnownConversion, verdict: Verdict, refusal: Refusal | None) -> str:
    if refusal is not None:
        return _name_conflict(event, known, refusal)
    if verdict == Verdict.PARKED:
        return "so many reversals in an hour wait until an operator decides"
    if verdict == Verdict.UPDATED:
        return _name_change(event, known)
    return _name_repeat(event, source, known)


def _name_repeat(event: Event, source: Source, known: KnownConversion) -> str:
    if source.rules_for(event.event).duplicates == "first":
        return "only the first postback of a conversion counts"
    if event.status == known.status:
        return "a repeat with nothing new changes nothing"
    if event.status == Status.PENDING:
        return f"pending after {known.status.value} is old news"
    return "an older event changes nothing"


def _name_change(event: Event, known: KnownConversion) -> str:
    if event.status == Status.REVERSED:
        takes_part = event.payout is not None and event.payout < 0 and known.payout != -event.payout
        return "a refund takes back a part of the payout" if takes_part else "a reversal takes back the conversion"
    if event.status == known.status:
        return "another amount corrects the payout"
    return f"{known.status.value} may become {event.status.value}"


def _name_conflict(event: Event, known: KnownConversion, refusal: Refusal) -> str:
    if refusal.cause is Cause.OTHER_CLICK:
        return "another click under the same key is a conflict"
    if event.status == Status.REVERSED:
        return _name_refund_conflict(event, known)
    if event.status == known.status:
        return "another amount under the same key is a conflict"
    return f"{known.status.value} may not become {event.status.value}"


def _name_refund_conflict(event: Event, known: KnownConversion) -> str:
    if known.status == Status.REVERSED:
        return "it was taken back already, with another amount or currency"
    if known.status != Status.APPROVED:
        return f"only an approved conversion can be taken back, and this one is {known.status.value}"
    takes_part = event.payout is not None and event.payout < 0
    faults = _list_amount_faults(event, known) if takes_part else []
    return faults[0] if faults else "the same refund with another amount is a conflict"


def _list_amount_faults(event: Event, known: KnownConversion) -> list[str]:
    if known.payout is None:
        return ["a refund with an amount needs a conversion with a payout"]
    if event.currency != known.currency:
        return ["a refund has the currency of the conversion"]
    is_too_much = event.payout is not None and known.payout + event.payout < 0
    return ["a refund takes back no more than the payout"] if is_too_much else []


def advise_on_conflict(event: Event | None, known: KnownConversion | None) -> str | None:
    """Choose the sentence of a conflict with a known conversion, by what the event wants to change."""
    if event is None or known is None:
        return None
    if event.status == Status.REVERSED and known.status in (Status.APPROVED, Status.REVERSED):
        return REFUND_CONFLICT
    return None if event.status == known.status else STATUS_CONFLICT
