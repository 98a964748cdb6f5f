"""When a task is tried again, and when a periodic one is due next."""

from datetime import UTC, datetime, timedelta

import pytest

from postledger.platform.leases import spread
from postledger.platform.tasks.periodic import find_next_due
from postledger.platform.tasks.queue import MOST_ATTEMPTS, find_pause_s

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("attempt", "pause_s"), [(1, 10), (2, 20), (3, 40), (9, 2560), (10, 3600), (1000, 3600)])
def test_the_pause_doubles_up_to_an_hour(attempt: int, pause_s: float) -> None:
    assert find_pause_s(attempt, 0.5) == pause_s


@pytest.mark.parametrize(("roll", "pause_s"), [(0.0, 8), (0.25, 9), (0.5, 10), (1.0, 12)])
def test_a_pause_is_spread_by_a_fifth(roll: float, pause_s: float) -> None:
    assert find_pause_s(1, roll) == spread(10, 0.2, roll) == pytest.approx(pause_s)


def test_all_attempts_together_take_more_than_an_hour() -> None:
    assert sum(find_pause_s(attempt, 0) for attempt in range(1, MOST_ATTEMPTS)) > 3600


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (NOON, NOON + HOUR),
        (NOON + timedelta(minutes=59), NOON + HOUR),
        (NOON + HOUR, NOON + 2 * HOUR),
        (NOON + timedelta(days=3, minutes=1), NOON + timedelta(days=3) + HOUR),
    ],
)
def test_a_late_periodic_task_keeps_its_rhythm_and_skips_what_it_missed(now: datetime, due: datetime) -> None:
    assert find_next_due(NOON, HOUR, now) == due
