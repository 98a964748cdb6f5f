"""Reads times and time zones of options. A time is a day, a time of day, how long ago, or now."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from postledger.cli.errors import CommandFailed
from postledger.decoding.toml_table import BadValue
from postledger.policy.source_config import read_duration_s

FORMS = "2026-10-31, 2026-10-31T12:00:00Z (without an offset: UTC), or how long ago: 90s, 30m, 2h, 7d, now"
_NOW = "now"
_LONGEST_LIFETIME_S = 366 * 86400
_LONGEST_AGO_S = 100 * 365 * 86400


def read_zone(name: str | None) -> tzinfo:
    """Read the name of a time zone. None is UTC."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # an unknown name, a path, a folder of the database
        raise CommandFailed("--timezone is not a time zone; write a name such as Europe/Berlin") from None


def read_moment(option: str, text: str | None, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read a time in one of the `FORMS`, in this zone if it has no offset. None stays None."""
    if text is None or text == _NOW:
        return None if text is None else now
    try:
        return now - timedelta(seconds=read_duration_s(text, _LONGEST_AGO_S))
    except BadValue:
        return _read_time(option, text, zone)


def read_past(option: str, text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """Read a time as `read_moment` does, which must not be in the future."""
    moment = read_moment(option, text, now, zone)
    assert moment is not None, "there is a text"
    if moment > now:
        raise CommandFailed(f"{option} is in the future; write {FORMS}")
    return moment


def read_month(option: str, text: str | None) -> date | None:
    """Read a month such as 2026-10 as its first day. None stays None."""
    try:
        return None if text is None else date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandFailed(f"{option} is not a month; write one such as 2026-10") from None


def read_lifetime(option: str, text: str) -> timedelta:
    """Read how long something is valid, such as 90d."""
    try:
        return timedelta(seconds=read_duration_s(text, _LONGEST_LIFETIME_S))
    except BadValue:
        raise CommandFailed(f"{option} must be a time such as 12h or 90d, at most 366d") from None


def _read_time(option: str, text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandFailed(f"{option} is not a time; write {FORMS}") from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
