"""The times that options take."""

from datetime import UTC, datetime, timedelta

import pytest

from postledger.cli.errors import CommandFailed
from postledger.cli.time_options import read_moment, read_past

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("90s", NOW - timedelta(seconds=90)),
        ("2026-10-31", datetime(2026, 10, 31, tzinfo=UTC)),
        ("2026-10-31T12:00:00+01:00", datetime(2026, 10, 31, 11, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_day_a_time_of_day_how_long_ago_or_now(text: str, moment: datetime) -> None:
    assert read_moment("--since", text, NOW) == moment


def test_now_is_in_the_past_and_tomorrow_is_not() -> None:
    assert read_past("--as-of", "now", NOW) == NOW
    with pytest.raises(CommandFailed, match="--as-of is in the future"):
        read_past("--as-of", "2026-12-01", NOW)
