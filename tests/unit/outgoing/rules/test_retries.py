"""When a delivery is tried again, and what an answer means."""

from datetime import UTC, datetime, timedelta

import pytest

from postledger.outgoing.rules.retries import MAX_ATTEMPTS, Judgement, delay_retry, judge, read_retry_after

NOW = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 30), (2, 60), (3, 300), (4, 1800), (5, 3600), (172, 3600)])
def test_the_schedule_of_retries_is_kept_within_a_fifth(attempts: int, seconds: int) -> None:
    assert delay_retry(attempts, None, 0.0) == timedelta(seconds=seconds * 0.8)
    assert delay_retry(attempts, None, 0.5) == timedelta(seconds=seconds)
    assert delay_retry(attempts, None, 1.0) == timedelta(seconds=seconds * 1.2)


def test_retries_end_after_seven_days_of_hourly_ones() -> None:
    assert MAX_ATTEMPTS == 1 + 4 + 168
    assert delay_retry(MAX_ATTEMPTS, None, 0.5) is None
    assert delay_retry(MAX_ATTEMPTS, timedelta(seconds=5), 0.5) is None


def test_retry_after_replaces_the_schedule() -> None:
    assert delay_retry(1, timedelta(seconds=120), 1.0) == timedelta(seconds=120)


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta(seconds=1)),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 5000, DAY),
        ("0" * 5000 + "5", timedelta(seconds=5)),
        ("Sat, 31 Oct 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Saturday, 31-Oct-26 12:02:00 GMT", timedelta(minutes=2)),
        ("Sat Oct 31 12:02:00 2026", timedelta(minutes=2)),
        ("Sat, 31 Oct 2026 11:00:00 GMT", timedelta(seconds=1)),
        ("Sat, 31 Oct 2037 12:00:00 GMT", DAY),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value: str | None, delay: timedelta | None) -> None:
    assert read_retry_after(value, NOW) == delay


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599, None])
def test_an_answer_that_may_change_is_retried(status: int | None) -> None:
    assert judge(status, ()) is Judgement.RETRY


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 409, 410, 422])
def test_any_other_answer_is_final(status: int) -> None:
    assert judge(status, ()) is Judgement.FAILED


def test_each_2xx_is_delivered_unless_expect_lists_others() -> None:
    assert judge(200, ()) is judge(204, ()) is Judgement.DELIVERED
    assert judge(200, (200,)) is judge(302, (302,)) is judge(503, (503,)) is Judgement.DELIVERED
    assert judge(204, (200,)) is Judgement.FAILED
