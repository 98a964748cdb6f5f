"""Waiting for a condition, with a deadline: what tests do in place of sleeping and hoping.

Apart from the parts because tests wait for many things that are no part's own: a row, a number, an answer.
"""

import time
from collections.abc import Callable
from threading import Event

from tests.parts.stopwatch import gap_s

POLL_EVERY_S = 0.02


def wait_until(claim: Callable[[], bool], timeout_s: float = 30, what: str = "the condition") -> float:
    """Ask until the claim is true and tell how many seconds that took; fails, naming `what`, when time has run out.

    A gap in which the machine let nobody run does not count, see `stopwatch`.
    """
    started_s = time.monotonic()
    never = Event()
    while not claim():
        asked_s = time.monotonic()
        assert asked_s - started_s < timeout_s, f"{what} did not come within {timeout_s} s"
        never.wait(POLL_EVERY_S)
        started_s += gap_s(time.monotonic() - asked_s, POLL_EVERY_S)
    return time.monotonic() - started_s
