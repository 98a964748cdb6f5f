"""The size of a payout: the smallest of a few round numbers that it does not exceed, in the currency that it is in.

For metrics, which may never hold an amount, and must all the same show when a source begins to pay otherwise.
"""

from bisect import bisect_left
from decimal import Decimal

# Six steps to each power of ten, so that a payout that grows by half is of another size.
_STEPS = ("1.0", "1.5", "2.2", "3.3", "4.7", "6.8")
_BOUNDS = (Decimal(0), *(Decimal(step).scaleb(power) for power in range(-2, 4) for step in _STEPS), Decimal(10_000))
SIZES = (*(f"{bound.normalize():f}" for bound in _BOUNDS), "more")


def size_of(payout: Decimal) -> str:
    """Name the size of a payout, one of `SIZES`; that of a negative one is the size of what it takes back."""
    return SIZES[bisect_left(_BOUNDS, abs(payout))]
