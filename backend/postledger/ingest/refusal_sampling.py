"""Sampling of the refusals that anybody can cause, so that a flood of forgeries cannot fill the ledger."""

from collections.abc import Callable


class Allowance:
    """Grants at most `per_second` grants in any one second of the clock given."""

    def __init__(self, per_second: int, clock_s: Callable[[], float]) -> None:
        self._per_second, self._clock_s = per_second, clock_s
        self._second, self._granted = -1, 0

    def take(self) -> bool:
        """Take one grant, if the present second has one left."""
        second = int(self._clock_s())
        if second != self._second:
            self._second, self._granted = second, 0
        self._granted += 1
        return self._granted <= self._per_second
