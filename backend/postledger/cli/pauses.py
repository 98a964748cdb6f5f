"""Pauses of a long command, in which live traffic has the processors and the disk to itself."""

import time
from collections.abc import Callable

SHARE, LONGEST_S = 0.5, 0.05


class Pauses:
    """Waits, whenever it is called, for half as long as the work since the last call took, at most `LONGEST_S`."""

    def __init__(
        self, now_s: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._now_s, self._sleep = now_s, sleep
        self._began_s = now_s()

    def pause(self) -> None:
        """Wait."""
        self._sleep(min(LONGEST_S, SHARE * (self._now_s() - self._began_s)))
        self._began_s = self._now_s()
