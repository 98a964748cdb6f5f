"""A worker asks for a newer file before the rates are too old."""

import pytest

from postledger.finance.rates_age import RatesAge


@pytest.mark.parametrize(
    ("age_days", "max_age_days", "is_old"),
    [(None, 7, False), (0, 7, False), (5, 7, False), (6, 7, True), (30, 7, True)],
)
def test_rates_are_old_before_they_are_too_old(age_days: int | None, max_age_days: int, is_old: bool) -> None:
    assert RatesAge(age_days, max_age_days).is_old == is_old
