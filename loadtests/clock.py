"""Due times of an open schedule, and how late the generator itself is.

The schedule is open: a request is due when it is due, however slow the responses are. A closed one, in which a sender
waits for its last response, sends less while the system is slow and so hides what it should show.
"""

import random

import gevent

from loadtests.client import now_s

LAG_STEP_S = 0.05


class PoissonClock:
    """The due times of one sender: independent arrivals at a mean rate per second."""

    def __init__(self, rate: float, chance: random.Random, start_s: float) -> None:
        self._rate, self._chance = rate, chance
        self.due_s = start_s

    def advance(self, now: float) -> float:
        """Move on to the next due time, and return the seconds until then: 0 if it has passed."""
        self.due_s += self._chance.expovariate(self._rate)
        return max(0.0, self.due_s - now)


class LoopLag:
    """Measures by how many seconds the generator's event loop is late. Large values make its latencies worthless."""

    def __init__(self) -> None:
        self._lags: list[float] = []

    def measure(self) -> None:
        """Measure for ever; a greenlet of its own."""
        while True:
            due_s = now_s() + LAG_STEP_S
            gevent.sleep(LAG_STEP_S)
            self._lags.append(now_s() - due_s)

    def p99_s(self) -> float:
        """The 99th percentile so far; 0 before the first measurement."""
        return sorted(self._lags)[int(len(self._lags) * 0.99)] if self._lags else 0.0
