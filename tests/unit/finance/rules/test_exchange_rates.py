"""Rates between two currencies go through the euro, and opposite amounts convert to opposite amounts."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from postledger.finance.rules.exchange_rates import BaseRate, ReferenceRate, cross

DAY, BEFORE = date(2026, 11, 27), date(2026, 11, 25)
EURO = ReferenceRate(Decimal(1), DAY)
amounts = st.decimals(-(10**12), 10**12, places=6)


def test_a_currency_is_converted_to_euros() -> None:
    assert cross(ReferenceRate(Decimal("1.25"), DAY), EURO) == BaseRate(Decimal("0.8"), DAY)


def test_euros_are_converted_with_all_digits_of_the_rate() -> None:
    assert cross(EURO, ReferenceRate(Decimal("1.1566"), DAY)) == BaseRate(Decimal("1.1566"), DAY)


def test_two_other_currencies_cross_and_the_older_day_counts() -> None:
    rate = cross(ReferenceRate(Decimal(160), BEFORE), ReferenceRate(Decimal("1.2"), DAY))

    assert rate == BaseRate(Decimal("0.0075"), BEFORE)
    assert rate.convert(Decimal(1000)) == Decimal("7.500000")


@given(amounts, st.decimals("0.0001", 100000, places=4))
def test_what_is_taken_back_is_what_was_booked(amount: Decimal, units: Decimal) -> None:
    rate = cross(ReferenceRate(units, DAY), EURO)

    assert rate.convert(-amount) == -rate.convert(amount)
