"""Parses signed timestamps in the sender's format."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from functools import partial

from postledger.decoding.parameters import read_unix_seconds
from postledger.signatures.profile_schema import TimestampLocation
from postledger.vocabulary.refusal import Reason, Refused

_WHOLE = re.compile(r"[0-9]{1,18}")
_MINUTES = re.compile(r"[0-9]{12}")


def compile_read_timestamp(timestamp: TimestampLocation) -> Callable[[str], float]:
    """Make the function that reads a timestamp as unix seconds; it raises `Refused` for another format."""
    if timestamp.unit == "s":
        return partial(read_unix_seconds, "ts")
    read = _READERS[timestamp.unit]

    def read_or_refuse(text: str) -> float:
        try:
            return read(text)
        except (ValueError, OverflowError, TypeError, IndexError):
            raise Refused(Reason.INVALID_PARAMETER, "ts") from None

    return read_or_refuse


def _read_parts(per_second: int) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not _WHOLE.fullmatch(text):
            raise ValueError("not a whole number")
        return int(text) / per_second

    return read


def _read_iso(text: str) -> float:
    timestamp = datetime.fromisoformat(text)
    if timestamp.tzinfo is None:
        raise ValueError("no offset")
    return timestamp.timestamp()


def _read_http_date(text: str) -> float:
    parsed = parsedate_tz(text)
    if parsed is None:
        raise ValueError("not a date")
    return mktime_tz(parsed)


def _read_minutes(text: str) -> float:
    if not _MINUTES.fullmatch(text):
        raise ValueError("not YYYYMMDDHHMM")
    return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp()


_READERS: dict[str, Callable[[str], float]] = {
    "ms": _read_parts(1000),
    "us": _read_parts(1_000_000),
    "iso": _read_iso,
    "http-date": _read_http_date,
    "minutes": _read_minutes,
}
