"""The canonical parameters of a postback: their names, and one strict reader for each type of value."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from iso4217 import Currency

from postledger.decoding.identities import MAX_LENGTH, read_doubtful
from postledger.vocabulary.refusal import Reason, Refused

SUB_NAMES = tuple(f"sub{number}" for number in range(1, 11))
CANONICAL_NAMES = (
    "click_id", "transaction_id", "event", "status", "payout", "currency", "affiliate_id",
    *SUB_NAMES, "event_time", "reverses", "v", "ts", "sig",
)  # fmt: skip

_USUAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}")
_BEGINNINGS = (
    "xx", "yo", "my", "in", "en", "pu", "pa", "re", "ch", "fi", "op", "to", "tb", "pl",  # placeholders
    "un", "nu", "ni", "no", "na", "em", "fa", "ar", "00",  # words for "no value"
    "cl", "tr", "or", "su", "tx", "af", "le", "co",  # names of ids, which templates hold before they are filled
)  # fmt: skip
_SUSPECT = frozenset(form for two in _BEGINNINGS for form in (two, two.upper(), two.title(), two[0] + two[1].upper()))
"""How an id begins that gets a closer look. Few others begin so."""
_CURRENCIES = frozenset(currency.code for currency in Currency)
NO_MONEY = frozenset(currency.code for currency in Currency if currency.exponent is None)
"""The codes of ISO 4217 that have no unit in which anything is paid, such as XXX, XTS and those of metals."""
_EVENT = re.compile(r"[a-z0-9_.-]{1,64}")
_PAYOUT = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)(?:(?<=\.[0-9]{6})0+)?")
_OFFSET = re.compile(r"[0-9]{2}(:?[0-9]{2})?")
_DATE_CHARACTERS = 10
_UNIX_SECONDS = re.compile(r"[0-9]{1,12}")
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def read_identifier(name: str, value: str) -> str:
    """Read an id of 1 to 255 printable characters, without the blanks around it."""
    return value if is_plain_id(value) else read_doubtful(name, value)


def is_plain_id(value: str) -> bool:
    """Return whether an id is beyond doubt, as nearly all are. Each postback pays for this."""
    return (
        value[:2] not in _SUSPECT and _USUAL_ID.fullmatch(value) is not None and "xx" not in value and "__" not in value
    )


def read_label(name: str, value: str) -> str:
    """Read free text of at most 255 printable characters; it may be empty."""
    if len(value) <= MAX_LENGTH and value.isprintable():
        return value
    raise Refused(Reason.INVALID_PARAMETER, name)


def read_event(value: str) -> str:
    """Read the name of an event and convert it to lower case."""
    event = value.lower()
    if value.isascii() and _EVENT.fullmatch(event):  # the Kelvin sign (U+212A) lower-cases to k
        return event
    raise Refused(Reason.INVALID_PARAMETER, "event")


def read_payout(value: str) -> Decimal:
    """Read an exact amount: digits, an optional decimal point and an optional minus sign, without an exponent.

    Zeros behind the sixth decimal place change nothing, so they are dropped.
    """
    if found := _PAYOUT.fullmatch(value):
        return Decimal(found[1])
    raise Refused(Reason.INVALID_PARAMETER, "payout")


def read_currency(value: str) -> str:
    """Read an ISO 4217 code in any case."""
    code = value.upper()
    if value.isascii() and code in _CURRENCIES:  # the long s (U+017F) upper-cases to S
        return code
    raise Refused(Reason.INVALID_PARAMETER, "currency")


def read_unix_seconds(name: str, value: str) -> int:
    """Read a whole number of unix seconds."""
    if _UNIX_SECONDS.fullmatch(value):
        return int(value)
    raise Refused(Reason.INVALID_PARAMETER, name)


def read_event_time(value: str) -> datetime:
    """Read ISO 8601 with an offset, or unix seconds, from 2000 to 2099; a time without an offset is refused."""
    try:
        time = datetime.fromtimestamp(int(value), UTC) if _UNIX_SECONDS.fullmatch(value) else _read_iso8601(value)
    except (ValueError, OverflowError) as error:
        raise Refused(Reason.INVALID_PARAMETER, "event_time") from error
    if _EARLIEST <= time < _LATEST:
        return time
    raise Refused(Reason.INVALID_PARAMETER, "event_time")


def _read_iso8601(value: str) -> datetime:
    time = datetime.fromisoformat(_restore_plus(value))
    if time.tzinfo is None:
        raise ValueError("no offset")
    return time.astimezone(UTC)


def _restore_plus(value: str) -> str:
    # In a query a `+` is a space, so an offset that was not escaped arrives as `…T10:00:00 02:00`. A minus stays.
    time, _, offset = value.rpartition(" ")
    return f"{time}+{offset}" if len(time) > _DATE_CHARACTERS and _OFFSET.fullmatch(offset) else value
