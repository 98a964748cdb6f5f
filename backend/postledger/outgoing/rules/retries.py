"""Judges the answer of a receiver, and says when a delivery is tried again."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

_FIRST_DELAYS_S = (30, 60, 300, 1800)
_HOUR_S, _HOURLY_RETRIES = 3600, 7 * 24
MAX_ATTEMPTS = 1 + len(_FIRST_DELAYS_S) + _HOURLY_RETRIES
_SPREAD = 0.2
_RETRIED = frozenset({408, 425, 429})
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(hours=24)
_MAX_DIGITS = 9


class Judgement(StrEnum):
    """What becomes of a delivery after an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"


def judge(http_status: int | None, expect: Collection[int]) -> Judgement:
    """Judge an answer; None stands for an attempt without one: a timeout, a broken connection, a refused address."""
    if http_status is None:
        return Judgement.RETRY
    if http_status in expect or (not expect and 200 <= http_status < 300):
        return Judgement.DELIVERED
    return Judgement.RETRY if http_status in _RETRIED or http_status >= 500 else Judgement.FAILED


def delay_retry(attempts: int, retry_after: timedelta | None, spread: float) -> timedelta | None:
    """Return the delay before the next attempt after `attempts` of them; None if none is left.

    The receiver's own `Retry-After` replaces the schedule. `spread` is a random number from 0 to 1.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    if retry_after is not None:
        return retry_after
    seconds = _FIRST_DELAYS_S[attempts - 1] if attempts <= len(_FIRST_DELAYS_S) else _HOUR_S
    return timedelta(seconds=seconds * (1 - _SPREAD + 2 * _SPREAD * spread))


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read the header `Retry-After`, seconds or a date: a delay of 1 second to 24 hours. None if it is unreadable."""
    text = (value or "").strip()
    delay = _read_seconds(text) if text.isascii() and text.isdigit() else _read_date(text, now)
    return None if delay is None else min(max(delay, _SHORTEST), _LONGEST)


def _read_seconds(digits: str) -> timedelta:
    number = digits.lstrip("0") or "0"
    return _LONGEST if len(number) > _MAX_DIGITS else timedelta(seconds=int(number))


def _read_date(text: str, now: datetime) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
