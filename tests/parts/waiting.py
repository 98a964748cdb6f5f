"""Waits for a condition instead of sleeping.

The end of a wait only says that something hangs. A promise in seconds belongs to a drill.
"""

import time
from collections.abc import Callable
from threading import Event

POLL_EVERY_S = 0.02
HANGS_AFTER_S = 120


def wait_until(claim: Callable[[], bool], timeout_s: float = HANGS_AFTER_S, what: str = "the condition") -> float:
    """Ask until the claim is true and return how many seconds that took; fails, naming `what`, after `timeout_s`."""
    started_s = time.monotonic()
    never = Event()
    while not claim():
        assert time.monotonic() - started_s < timeout_s, f"{what} did not come within {timeout_s} s"
        never.wait(POLL_EVERY_S)
    return time.monotonic() - started_s
