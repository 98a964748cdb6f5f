"""Amounts of rules are exact, whatever the payout and the share."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.finance.rules.expense_amount import Fixed, Money, Share, calculate

payouts = st.decimals(-(10**12), 10**12, places=6)
percents = st.decimals(0, 100, places=6)


@pytest.mark.parametrize(
    ("percent", "payout", "expected"),
    [("100", "0.50", "0.50"), ("70", "0.50", "0.35"), ("33.3333", "10", "3.33333"), ("100", "1000", "1000")],
)
def test_a_share_of_the_payout(percent: str, payout: str, expected: str) -> None:
    money = calculate(Share(Decimal(percent)), Decimal(payout), "USD")

    assert money is not None
    assert (str(money.amount), money.currency) == (expected, "USD")


@given(percents, payouts)
def test_a_share_is_never_rounded(percent: Decimal, payout: Decimal) -> None:
    money = calculate(Share(percent), payout, "USD")

    assert money is not None
    assert Fraction(money.amount) == Fraction(payout) * Fraction(percent) / 100


def test_a_share_needs_a_payout_with_a_currency() -> None:
    assert calculate(Share(Decimal(100)), None, "USD") is None
    assert calculate(Share(Decimal(100)), Decimal(5), None) is None


def test_a_fixed_amount_needs_no_payout() -> None:
    assert calculate(Fixed(Decimal("5.00"), "EUR"), None, None) == Money(Decimal("5.00"), "EUR")


def test_amounts_are_written_as_they_are_configured() -> None:
    assert [str(Share(Decimal("12.5"))), str(Fixed(Decimal("5.00"), "EUR"))] == ["12.5%", "5.00 EUR"]
