"""What to do about a parameter whose value is refused: one sentence for each, from a closed list."""

from collections.abc import Mapping

from postledger.decoding.amount_formats import AmountForm
from postledger.decoding.pairs import DecodedRequest
from postledger.partners.explanation import Mapped
from postledger.policy.source import Source
from postledger.vocabulary.refusal import Reason, Refusal

_ID = "Send an id of at most 255 printable characters."
BY_PARAMETER: Mapping[str, str] = {
    "click_id": _ID,
    "transaction_id": _ID,
    "affiliate_id": _ID,
    "status": "Send pending, approved, rejected or reversed, or ask the operator to map your word (`statuses`).",
    "currency": "Send the currency as three letters of ISO 4217, such as EUR.",
    "event": "Send the name of the event in 1 to 64 of a-z, 0-9, _ . and -.",
    "event_time": "Send unix seconds, or ISO 8601 with an offset, such as 2026-10-01T12:00:00Z.",
    "reverses": "Send the transaction id that is taken back, with the status reversed or without a status.",
    "ts": "Send the time of signing in the format that `signature.clock` expects.",
    "items": "Send the items as a list of objects, as version 2 has them.",
}
BY_FORM: Mapping[AmountForm, str] = {
    "plain": "Send digits with a decimal point, such as 12.50: no thousands, no currency sign, no exponent.",
    "comma": "Send digits with a decimal comma, such as 12,50: no point, no currency sign, no exponent.",
    "minor-units": "Send whole units of the smallest coin, such as 1250 for 12.50.",
    "float": "Send a number, such as 12.5 or 1.25e1: no thousands, no currency sign.",
    "symbol": "Send digits with a decimal point and the sign of the currency that you name, such as $12.50.",
    "trailing-separator": "Send digits with a decimal point, such as 12.50: no thousands, no exponent.",
}
NEGATIVE = "Send an amount below zero with the status reversed alone: it takes money back."
TEST = "Nothing: this is a test of the network, which is never booked."


def advise_on_value(
    refusal: Refusal | None, decoded: DecodedRequest | None, mapped: Mapped | None, source: Source
) -> str | None:
    """Choose the sentence for a refused value. None for another refusal, or a parameter that has no sentence."""
    if refusal is None or refusal.reason is not Reason.INVALID_PARAMETER or refusal.parameter is None:
        return None
    name = refusal.parameter
    if decoded is not None and decoded.fields.get(name, "").strip().lower() in source.test_words.get(name, ()):
        return TEST
    return _advise_on_payout(mapped, source) if name == "payout" else BY_PARAMETER.get(name)


def _advise_on_payout(mapped: Mapped | None, source: Source) -> str:
    if mapped is not None and mapped.payout.means is not None:  # it can be read, so its sign is at fault
        return NEGATIVE
    return next((BY_FORM[form] for form in source.settings.amount), BY_FORM["plain"])
