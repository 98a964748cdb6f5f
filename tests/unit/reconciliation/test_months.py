"""When a month of the books begins and ends."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from postledger.reconciliation.rules.months import find_last_day, has_begun, is_over, name_month, next_month

OCTOBER = date(2026, 10, 1)
BERLIN = ZoneInfo("Europe/Berlin")


def at(day: int, hour: int, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_the_month_after_december_is_january() -> None:
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(2027, 1, 1)) == date(2027, 2, 1)


def test_the_last_day_follows_leap_years() -> None:
    assert [find_last_day(date(year, 2, 1)).day for year in (2027, 2028)] == [28, 29]


def test_a_month_is_over_by_the_zone_of_the_books() -> None:
    last_hour = at(31, 23)  # midnight in Berlin

    assert (is_over(OCTOBER, UTC, last_hour), is_over(OCTOBER, BERLIN, last_hour)) == (False, True)
    assert is_over(OCTOBER, UTC, at(1, 0, month=11))


def test_a_month_has_begun_by_the_zone_of_the_books() -> None:
    first_hour = datetime(2026, 9, 30, 22, tzinfo=UTC)

    assert (has_begun(OCTOBER, UTC, first_hour), has_begun(OCTOBER, BERLIN, first_hour)) == (False, True)


def test_a_month_is_named_as_people_type_it() -> None:
    assert name_month(OCTOBER) == "2026-10"
