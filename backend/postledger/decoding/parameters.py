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

# How placeholders and words for "no value" begin. All other ids of usual characters need no closer look.
_SUSPECT = (
    r"xx|__|your|my[_-]|myid|insert|enter|put|paste|replace|change|fill|optional|todo|tbd|fixme|placeholder|0{8}|"
    r"(?:undef|undefined|null|nil|none|nan|not[_-]?set|empty|unknown|false|array)\Z|"
    r"(?:click|transaction|order|sub|tx|aff|affiliate)[_-]?(?:sub|id)\d*\Z"
)
_PLAIN_ID = re.compile(rf"(?!(?i:{_SUSPECT}))[A-Za-z0-9](?:[A-Za-wyz0-9.:-]++|_(?!_)|x(?!x))*+")
_CURRENCIES = frozenset(currency.code for currency in Currency)
_EVENT = re.compile(r"[a-z0-9_.-]{1,64}")
_PAYOUT = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)(?:(?<=\.[0-9]{6})0+)?")
_OFFSET = re.compile(r"[0-9]{2}(:?[0-9]{2})?")
_DATE_CHARACTERS = 10
_UNIX_SECONDS = re.compile(r"[0-9]{1,12}")
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def read_identifier(name: str, value: str) -> str:
    """Read an id of 1 to 255 printable characters, without the blanks around it."""
    if len(value) <= MAX_LENGTH and _PLAIN_ID.fullmatch(value):
        return value
    return read_doubtful(name, value)


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
