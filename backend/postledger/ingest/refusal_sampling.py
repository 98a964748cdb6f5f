"""Samples the refusals that can be caused without a secret, so that a flood of them cannot fill the ledger."""

from collections.abc import Callable


class Allowance:
    """Gives at most `per_second` grants in each second of a clock."""

    def __init__(self, per_second: int, clock_s: Callable[[], float]) -> None:
        self._per_second, self._clock_s = per_second, clock_s
        self._second, self._granted = -1, 0

    def take(self) -> bool:
        """Take a grant; false if the current second has none left."""
        second = int(self._clock_s())
        if second != self._second:
            self._second, self._granted = second, 0
        self._granted += 1
        return self._granted <= self._per_second
