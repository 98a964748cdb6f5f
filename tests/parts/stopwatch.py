"""How long something took, but for the moments in which the machine let nobody run.

Apart from waiting because a promise in seconds is made for a machine that runs: where a neighbour takes the whole of it
for a second, that second is nobody's fault. Only such gaps are left out; what is merely slow counts.
"""

import time
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

_TICK_S = 0.02
GAP_S = 0.1  # later than this by so much nobody is who may run at all


class Stopwatch:
    """Runs for the time of a `with`; `now_s` is a clock that stands still in gaps."""

    def __init__(self) -> None:
        self._left_out_s, self._looked_s = 0.0, time.monotonic()
        self._looking = Lock()  # the thread below, and whoever asks
        self._stopping = Event()
        self._thread = Thread(target=self._tick)

    def now_s(self) -> float:
        """Seconds; only differences mean something. Whoever asks is let run: a gap that follows begins behind that."""
        with self._looking:
            now_s = time.monotonic()
            self._left_out_s += gap_s(now_s - self._looked_s, _TICK_S)
            self._looked_s = now_s
            return now_s - self._left_out_s

    def __enter__(self) -> Self:
        self.now_s()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _tick(self) -> None:
        while not self._stopping.wait(_TICK_S):
            self.now_s()


def gap_s(slept_s: float, meant_s: float) -> float:
    """How much of a sleep was a gap: 0 where it was hardly longer than it was meant."""
    late_s = slept_s - meant_s
    return late_s if late_s > GAP_S else 0.0
