"""Rounds a payout to one of the two round numbers next to it, for metrics.

A metric must not hold an amount, but must show a change in the average payout of a source.
"""

from bisect import bisect_right
from decimal import Decimal

_STEPS = ("1.0", "1.5", "2.2", "3.3", "4.7", "6.8")  # six to each power of ten
_POWERS = range(-2, 7)
_NUMBERS = (Decimal(0), *(Decimal(step).scaleb(power) for power in _POWERS for step in _STEPS), Decimal(10**7))
SIZES = {f"{number.normalize():f}": float(number) for number in _NUMBERS}
"""The value of each size by its name, the smallest first."""

_NAMES, _VALUES = tuple(SIZES), tuple(SIZES.values())
_LAST = len(_VALUES) - 1


def size_of(payout: Decimal, chance: float) -> str:
    """Return the size of a payout, one of `SIZES`; the sign of the payout is ignored.

    `chance` is a uniform random number from 0 to below 1. It selects one of the two neighbouring sizes, the nearer one
    more often, so that the mean of the sizes is the mean of the payouts and a size does not reveal its payout.
    """
    amount = float(abs(payout))
    below = bisect_right(_VALUES, amount) - 1
    if below == _LAST:
        return _NAMES[_LAST]
    least, most = _VALUES[below], _VALUES[below + 1]
    return _NAMES[below + (amount - least > chance * (most - least))]
