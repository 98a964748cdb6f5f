"""The scheduling class of a process.

As SCHED_BATCH, a process does not interrupt what runs when it becomes ready. Edge, backend and Postgres wake each other
for each postback, so busy ones work in longer turns, with less time for each postback. Calm ones gain nothing: they
would only wait behind programs that compute, such as a reconciliation. See docs/performance.md.
"""

import os
from contextlib import suppress

BUSY_CORES, CALM_CORES = 0.25, 0.15
"""The part of a core from which a worker is busy, and below which it is calm again."""


def choose_class(now: int, cores: float) -> int:
    """Choose the class of a process that has used so much of a core."""
    if cores >= BUSY_CORES:
        return os.SCHED_BATCH
    return os.SCHED_OTHER if cores < CALM_CORES else now


def schedule_as(policy: int) -> None:
    """Have the kernel schedule this process in a class, and those that it starts then, where that is allowed."""
    with suppress(OSError):
        os.sched_setscheduler(0, policy, os.sched_param(0))
