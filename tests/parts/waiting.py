"""Waiting for a condition, with a deadline: what tests do in place of sleeping and hoping.

Apart from the parts because tests wait for many things that are no part's own: a row, a number, an answer.
"""

import time
from collections.abc import Callable
from threading import Event

POLL_EVERY_S = 0.02


def wait_until(claim: Callable[[], bool], timeout_s: float = 10, what: str = "the condition") -> float:
    """Ask until the claim is true and tell how many seconds that took; fails, naming `what`, when time has run out."""
    started_s = time.monotonic()
    never = Event()
    while not claim():
        assert time.monotonic() - started_s < timeout_s, f"{what} did not come within {timeout_s} s"
        never.wait(POLL_EVERY_S)
    return time.monotonic() - started_s
