"""The size of a payout: a closed list of round numbers, which together tell the mean and one by one no amount."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.metrics.payout_buckets import SIZES, size_of

NAMES = list(SIZES)


@pytest.mark.parametrize(
    ("payout", "sizes"),
    [
        ("0", {"0"}),
        ("0.000001", {"0", "0.01"}),
        ("0.01", {"0.01"}),
        ("0.010001", {"0.01", "0.015"}),
        ("12.50", {"10", "15"}),
        ("-12.50", {"10", "15"}),
        ("15", {"15"}),
        ("10000000", {"10000000"}),
        ("999999999999.999999", {"10000000"}),
    ],
)
def test_a_payout_has_the_size_of_a_round_number_beside_it(payout: str, sizes: set[str]) -> None:
    assert {size_of(Decimal(payout), chance / 10_000_000) for chance in (0, 5_000_000, 9_999_999)} <= sizes
    assert {size_of(Decimal(payout), 0.0), size_of(Decimal(payout), 0.9999999)} <= sizes


@given(st.decimals(min_value=0, max_value=9_999_999, places=4))
def test_many_alike_have_the_mean_of_their_sizes(payout: Decimal) -> None:
    draws = 1000

    mean = sum(Fraction(SIZES[size_of(payout, draw / draws)]) for draw in range(draws)) / draws

    step = max(SIZES[size_of(payout, 0.0)] - SIZES[size_of(payout, 1 - 1e-12)], 0)
    assert abs(float(mean) - float(payout)) <= step / draws + 1e-6 * float(payout)


def test_sizes_are_few_and_each_is_named_by_what_it_stands_for() -> None:
    assert len(NAMES) == 56
    assert [float(name) for name in NAMES] == sorted(SIZES.values()) == list(SIZES.values())
    assert not any("e" in name.lower() for name in NAMES)
