"""When a notification is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postledger.notifications.retries import GIVEN_UP_AFTER, find_next_attempt

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_pauses_grow_to_an_hour() -> None:
    due = [find_next_attempt(attempts, NOON, NOON, 0.5) for attempts in range(1, 7)]

    assert [moment and (moment - NOON).total_seconds() for moment in due] == [30, 60, 300, 1800, 3600, 3600]


@given(st.integers(1, 500), st.timedeltas(timedelta(0), timedelta(days=9)), st.floats(0, 1))
def test_nothing_is_tried_after_three_days(attempts: int, age: timedelta, roll: float) -> None:
    due = find_next_attempt(attempts, NOON, NOON + age, roll)

    assert due is None or NOON + age < due <= NOON + GIVEN_UP_AFTER
