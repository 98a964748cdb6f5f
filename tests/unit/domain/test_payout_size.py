"""The size of a payout: a closed list of round numbers, fine enough to see a payout that grows by half."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.domain.payout_size import SIZES, size_of


@pytest.mark.parametrize(
    ("payout", "size"),
    [
        ("0", "0"),
        ("0.000001", "0.01"),
        ("0.01", "0.01"),
        ("0.010001", "0.015"),
        ("12.50", "15"),
        ("-12.50", "15"),
        ("10000", "10000"),
        ("10000.01", "more"),
    ],
)
def test_a_payout_has_the_size_of_the_next_round_number(payout: str, size: str) -> None:
    assert size_of(Decimal(payout)) == size


@given(st.decimals(min_value="0.01", max_value=9_000, places=4))
def test_a_payout_that_grows_by_half_is_of_another_size(payout: Decimal) -> None:
    assert size_of(payout) in SIZES
    assert size_of(payout * Decimal("1.51")) != size_of(payout)
