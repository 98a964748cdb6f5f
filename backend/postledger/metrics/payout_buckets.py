"""The size of a payout: one of the two round numbers that it lies between, in the currency that it is in.

For metrics, which may never hold an amount, and must all the same show when what a source pays on average moves.
"""

from bisect import bisect_right
from decimal import Decimal

_STEPS = ("1.0", "1.5", "2.2", "3.3", "4.7", "6.8")  # six to each power of ten
_POWERS = range(-2, 7)
_NUMBERS = (Decimal(0), *(Decimal(step).scaleb(power) for power in _POWERS for step in _STEPS), Decimal(10**7))
SIZES = {f"{number.normalize():f}": float(number) for number in _NUMBERS}
"""What each size stands for, by its name, the smallest first."""

_NAMES, _VALUES = tuple(SIZES), tuple(SIZES.values())
_LAST = len(_VALUES) - 1


def size_of(payout: Decimal, chance: float) -> str:
    """Name the size of a payout, one of `SIZES`; that of a negative one is the size of what it takes back.

    `chance`, from 0 up to 1 and evenly so, decides which of the two numbers beside it is taken: the nearer one the more
    often, so that many payouts have the mean that their sizes have, and one payout cannot be told from its size.
    """
    amount = float(abs(payout))
    below = bisect_right(_VALUES, amount) - 1
    if below == _LAST:
        return _NAMES[_LAST]
    least, most = _VALUES[below], _VALUES[below + 1]
    return _NAMES[below + (amount - least > chance * (most - least))]
