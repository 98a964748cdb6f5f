"""Reads what banks write: texts, amounts, days. Pure.

A text is shortened and cleaned, never refused: it must not cost the money that came with it.
"""

import re
from calendar import monthrange
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache

from postledger.decoding.parameters import read_currency
from postledger.reconciliation.rules.statement_lines import FaultReason
from postledger.vocabulary.refusal import Refused

LONGEST_NAME = 255
LONGEST_TEXT = 10_000
"""A remittance text can name many bills."""
_NO_VALUES = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF", "NONE", "N/A", "NULL", "0", "-"})
_AMOUNT = re.compile(r"\+?(?:[0-9]{1,15}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})")
_SWIFT_AMOUNT = re.compile(r"(?:[0-9]{1,15}|[0-9]{1,3}(?:\.[0-9]{3}){1,4}),[0-9]{0,10}")
_SIGNED = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<plain>[0-9]{1,15}(?:[.,][0-9]{0,10})?|[.,][0-9]{1,10})"
    r"|(?P<grouped>[0-9]{1,3}(?:(?:,[0-9]{3}){1,4}\.[0-9]{0,10}|(?:\.[0-9]{3}){1,4},[0-9]{0,10})))"
)
_GROUP = 3
_LENGTH_OF_A_CODE = 3
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_SHORT_DAY = re.compile(r"[0-9]{6}")
_FEBRUARY = 2
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T+Z-].*)?")
_LONGEST_TIME = 64
_RATE = Context(prec=12)
_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)


class BadField(Exception):
    """A field of a line cannot be read."""

    def __init__(self, field: str, reason: FaultReason) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason


def is_currency(code: str) -> bool:
    """Whether this is a code of ISO 4217, in upper case."""
    return len(code) == _LENGTH_OF_A_CODE and _is_currency(code)


@lru_cache(maxsize=1000)
def _is_currency(code: str) -> bool:
    try:
        return read_currency(code) == code
    except Refused:
        return False


def clean(text: str | None, longest: int = LONGEST_NAME) -> str | None:
    """Leave out what cannot be printed, make each run of blanks one, and cut. None if nothing is left."""
    if not text:
        return None
    cut = text[: 4 * longest]
    words = " ".join(cut.split())
    if not words.isprintable():
        words = " ".join("".join(each if each.isprintable() else " " for each in words).split())
    return words[:longest] or None


def clean_reference(text: str | None) -> str | None:
    """Read a reference. A word for "no reference", or one that is too long to be whole, is none."""
    found = clean(text, LONGEST_NAME + 1)
    return None if found is None or len(found) > LONGEST_NAME or found.upper() in _NO_VALUES else found


def join_texts(*texts: str | None) -> str | None:
    """Join texts, each of them once."""
    parts, length = dict[str, None](), 0
    for text in texts:
        if length >= LONGEST_TEXT:
            break
        if (found := clean(text, LONGEST_TEXT)) is not None and found not in parts:
            parts[found] = None
            length += len(found) + 1
    return " ".join(parts)[:LONGEST_TEXT] or None


def read_unsigned(text: str | None) -> Decimal | None:
    """Read an amount without sign and with a point, as XML has it. None if it is not one."""
    found = (text or "").strip()
    return Decimal(found) if _AMOUNT.fullmatch(found) else None


def read_iso_day(text: str) -> date | None:
    """Read the day of a day or time in ISO 8601, in the zone of the bank. None if it is not one."""
    return _read_iso_day(text) if len(text) <= _LONGEST_TIME else None


@lru_cache(maxsize=10_000)
def _read_iso_day(text: str) -> date | None:
    match = _DAY.fullmatch(text.strip())
    try:
        return None if match is None else check_day(date.fromisoformat(match[1]))
    except ValueError:
        return None


def check_day(day: date) -> date | None:
    """None if the day is not of this century."""
    return day if _EARLIEST <= day < _LATEST else None


def settle_rate(rate: Decimal | None, instructed: Decimal | None, amount: Decimal) -> Decimal | None:
    """Turn a rate so that it is what one unit of the instructed currency costs: banks write it in both directions."""
    if not rate or not instructed or not amount:
        return rate or None
    paid, inverse = abs(amount) / instructed, _RATE.divide(Decimal(1), rate)
    return rate if abs(rate - paid) <= abs(inverse - paid) else inverse


def read_swift_amount(text: str) -> Decimal | None:
    """Read an amount with a decimal comma, as SWIFT has it. None if it is not one."""
    return Decimal(text.replace(".", "").replace(",", ".")) if _SWIFT_AMOUNT.fullmatch(text) else None


def read_short_day(text: str) -> date | None:
    """Read a day written as YYMMDD. Some banks count 30 days in February. None if it is not one."""
    if not _SHORT_DAY.fullmatch(text):
        return None
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:])
    if month == _FEBRUARY and day in (29, 30):
        day = min(day, monthrange(year, month)[1])
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_signed(text: str | None, currency: str) -> Decimal | None:
    """Read an amount with a point or a comma, as OFX has it. None if it is not one, or could be two.

    With both marks the last one is the decimal mark. With one mark and three digits behind it, it could be either.
    """
    match = _SIGNED.fullmatch((text or "").strip())
    if match is None:
        return None
    number = match["plain"] or re.sub(r"[.,](?=.*[.,])", "", match["grouped"])
    whole, _, part = number.replace(",", ".").partition(".")
    is_ambiguous = match["plain"] and len(part) == _GROUP and whole.strip("0") and len(whole) <= _GROUP
    if is_ambiguous and currency not in _THREE_DECIMALS:
        return None
    amount = Decimal(f"{whole or 0}.{part or 0}")
    return -amount if match["sign"] == "-" else amount
