"""A month of the books: its state, and when it is over. Pure."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

import msgspec

MonthState = Literal["open", "closing", "locked"]


class Month(msgspec.Struct, frozen=True):
    """A month, by its first day. `unlock_asked_by` is the admin who wants it unlocked, until another one agrees."""

    period: date
    state: MonthState = "open"
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str | None = None
    unlock_asked_by: str | None = None
    unlock_asked_at: datetime | None = None
    unlock_reason: str | None = None


def next_month(period: date) -> date:
    """Return the first day of the month after this one."""
    return (period + timedelta(days=31)).replace(day=1)


def find_last_day(period: date) -> date:
    """Return the last day of a month."""
    return next_month(period) - timedelta(days=1)


def has_begun(period: date, zone: tzinfo, now: datetime) -> bool:
    """Whether a month has begun, in the zone of the books."""
    return now >= datetime.combine(period, time(), zone)


def is_over(period: date, zone: tzinfo, now: datetime) -> bool:
    """Whether a month is over, in the zone of the books."""
    return has_begun(next_month(period), zone, now)


def name_month(period: date) -> str:
    """Name a month as people do: 2026-10."""
    return f"{period:%Y-%m}"
