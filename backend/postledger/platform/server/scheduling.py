"""The scheduling class of a process.

As SCHED_BATCH, a process does not interrupt what runs when it becomes ready. Edge, backend and Postgres wake each other
for each postback, so busy ones work in longer turns, with less time for each postback. Calm ones gain nothing: they
would only wait behind programs that compute, such as a reconciliation. See docs/performance.md.
"""

import os
from collections.abc import Sequence
from contextlib import suppress

BUSY_CORES, CALM_CORES = 0.25, 0.15
"""The part of a core from which a worker is busy at once, and below which it is calm after a while."""


def choose_class(now: int, recent_cores: Sequence[float]) -> int:
    """Choose the class of a process that has used so much of a core in the last seconds, the newest last."""
    if recent_cores[-1] >= BUSY_CORES:
        return os.SCHED_BATCH
    return os.SCHED_OTHER if max(recent_cores) < CALM_CORES else now


def schedule_as(policy: int) -> None:
    """Have the kernel schedule this process in a class, and those that it starts then, where that is allowed."""
    with suppress(OSError):
        os.sched_setscheduler(0, policy, os.sched_param(0))
