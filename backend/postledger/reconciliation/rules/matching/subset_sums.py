"""Finds the subsets of some amounts whose sum is in a range, by the sums of two halves."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice

SURE_UP_TO = 12
"""A stranger's amount hits a subset of so many amounts by chance in less than 1 % of cases. Of 20 it is 39 %."""
SEARCHED_UP_TO = 20
"""Beyond so many amounts chance always finds a subset, so none is looked for."""

_Sum = tuple[Decimal, int]


class SubsetSums:
    """The sums of all subsets of some amounts."""

    def __init__(self, amounts: Sequence[Decimal]) -> None:
        half = len(amounts) // 2
        self._half = half
        self._left, self._right = list(_sum_all(amounts[:half])), sorted(_sum_all(amounts[half:]))
        self._sums = [amount for amount, _ in self._right]

    def find(self, low: Decimal, high: Decimal, most: int) -> list[list[int]]:
        """Return at most so many subsets, as indexes, whose sums are from low to high."""
        return [_list_bits(mask) for mask in islice(self._find(low, high), most)]

    def _find(self, low: Decimal, high: Decimal) -> Iterator[int]:
        for left, mask in self._left:
            index = bisect_left(self._sums, low - left)
            while index < len(self._right) and self._sums[index] <= high - left:
                if found := mask | self._right[index][1] << self._half:
                    yield found
                index += 1


def _sum_all(amounts: Sequence[Decimal]) -> Iterator[_Sum]:
    sums = [(Decimal(0), 0)]
    for index, amount in enumerate(amounts):
        sums += [(total + amount, mask | 1 << index) for total, mask in sums]
    return iter(sums)


def _list_bits(mask: int) -> list[int]:
    return [index for index in range(mask.bit_length()) if mask >> index & 1]
