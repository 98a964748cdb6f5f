"""Reads amounts in the formats that a source's key `amount` allows, besides digits with a decimal point.

Nothing is guessed: an amount that could be read in two ways is refused. Only `float` rounds.
"""

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal

from iso4217 import Currency

from postledger.decoding.parameters import read_payout
from postledger.vocabulary.refusal import Reason, Refused

AmountForm = Literal["plain", "comma", "minor-units", "float", "symbol", "trailing-separator"]
AMOUNT_FORMS: tuple[AmountForm, ...] = ("plain", "comma", "minor-units", "float", "symbol", "trailing-separator")
ReadAmount = Callable[[str, str], Decimal]
"""Reads an amount from the sent text and the ISO 4217 code of its currency; raises `Refused`."""

_NUMBERS = frozenset({"plain", "comma", "minor-units", "float"})
_DOLLARS = frozenset({"USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP"})
_SYMBOLS = {
    "$": _DOLLARS, "R$": {"BRL"}, "€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"}, "₹": {"INR"}, "₽": {"RUB"},
    "₴": {"UAH"}, "₺": {"TRY"}, "₩": {"KRW"}, "₫": {"VND"}, "₪": {"ILS"}, "฿": {"THB"}, "₱": {"PHP"}, "₦": {"NGN"},
    "₸": {"KZT"}, "zł": {"PLN"}, "Kč": {"CZK"}, "kr": {"SEK", "NOK", "DKK"},
}  # fmt: skip
_SYMBOL = "|".join([*(re.escape(symbol) for symbol in sorted(_SYMBOLS, key=len, reverse=True)), "[A-Za-z]{3}"])
_WITH_SYMBOL = re.compile(rf"(-?)(?:({_SYMBOL})[ \u00a0]?)?(-?)([0-9.,]+)(?:[ \u00a0]?({_SYMBOL}))?")
_COMMA = re.compile(r"-?[0-9]+(?:,[0-9]+)?")
_FLOAT = re.compile(r"-?[0-9]{1,25}(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,2})?")
_PRECISE = Context(prec=200)  # room for every number that the pattern allows
_SMALLEST = Decimal("0.000001")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_MINOR_DIGITS = {currency.code: currency.exponent for currency in Currency}


def check_forms(forms: Sequence[AmountForm]) -> None:
    """Refuse formats that contradict each other; raises ValueError."""
    numbers = [form for form in forms if form in _NUMBERS]
    if len(numbers) > 1:
        raise ValueError(f"{numbers[0]} and {numbers[1]} cannot be combined, because both define the number; keep one")
    if "comma" in forms and "trailing-separator" in forms:
        raise ValueError(
            "comma and trailing-separator cannot be combined, because a comma would be ambiguous; keep one"
        )


def compile_amount(forms: Sequence[AmountForm]) -> ReadAmount | None:
    """Make the function that reads amounts in these formats; returns None if only `plain` is allowed."""
    read = _READERS[next((form for form in forms if form in _NUMBERS), "plain")]
    if "symbol" in forms:
        read = _without_symbol(read)
    if "trailing-separator" in forms:
        read = _without_separator(read)
    return None if read is _read_plain else read


def _refused() -> Refused:
    return Refused(Reason.INVALID_PARAMETER, "payout")


def _read_plain(value: str, _: str) -> Decimal:
    return read_payout(value)


def _read_comma(value: str, _: str) -> Decimal:
    if not _COMMA.fullmatch(value):  # a point may separate thousands or decimals, so it is refused
        raise _refused()
    return read_payout(value.replace(",", "."))


def _read_minor_units(value: str, currency: str) -> Decimal:
    digits = _MINOR_DIGITS[currency]
    if not _WHOLE.fullmatch(value) or digits is None:
        raise _refused()
    return Decimal(value).scaleb(-digits)


def _read_float(value: str, _: str) -> Decimal:
    if not _FLOAT.fullmatch(value):
        raise _refused()
    rounded = Decimal(value).quantize(_SMALLEST, ROUND_HALF_UP, _PRECISE)
    return read_payout(format(rounded.normalize(_PRECISE), "f"))


def _without_symbol(read: ReadAmount) -> ReadAmount:
    def read_without(value: str, currency: str) -> Decimal:
        found = _WITH_SYMBOL.fullmatch(value)
        if found is None:
            raise _refused()
        outer, before, inner, number, after = found.groups()
        if (outer and inner) or (before and after) or not _is_symbol_of(before or after, currency):
            raise _refused()
        return read((outer or inner) + number, currency)

    return read_without


def _is_symbol_of(symbol: str | None, currency: str) -> bool:
    # A symbol of another currency contradicts the currency of the postback, so the amount is refused.
    return symbol is None or currency in _SYMBOLS.get(symbol, {symbol.upper()})


def _without_separator(read: ReadAmount) -> ReadAmount:
    # Some templates put two macros into one parameter, and one of them is empty: `12.5,` or `,3`.
    def read_without(value: str, currency: str) -> Decimal:
        first, last = value[:1] in (",", ";"), value[-1:] in (",", ";")
        if first and last:
            raise _refused()
        return read(value[1:] if first else value[:-1] if last else value, currency)

    return read_without


_READERS: dict[str, ReadAmount] = {
    "plain": _read_plain, "comma": _read_comma, "minor-units": _read_minor_units,
    "float": _read_float,
}  # fmt: skip
