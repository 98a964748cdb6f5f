"""Reads a time of an option: a day, a time, or how long ago."""

from datetime import UTC, datetime, timedelta

from postledger.cli.errors import CommandFailed
from postledger.decoding.toml_table import BadValue
from postledger.policy.source_config import read_duration_s

FORMS = "2026-10-31, 2026-10-31T12:00:00Z (UTC without an offset), or how long ago: 90s, 30m, 2h, 7d"
_LONGEST_AGO_S = 100 * 365 * 86400


def read_moment(option: str, text: str | None, now: datetime) -> datetime | None:
    """Read a time in one of the `FORMS`. None stays None."""
    if text is None:
        return None
    try:
        return now - timedelta(seconds=read_duration_s(text, _LONGEST_AGO_S))
    except BadValue:
        return _read_time(option, text)


def _read_time(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandFailed(f"{option} is not a time; write {FORMS}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
