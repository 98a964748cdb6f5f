"""The scheduling class of a process."""

import os
from contextlib import suppress


def schedule_as_batch() -> None:
    """Have the kernel schedule this process, and those that it starts, as SCHED_BATCH, where that is allowed.

    Such a process gets as much time as others, but does not interrupt what runs when it becomes ready. Edge, backend
    and Postgres wake each other for each postback, so they work in longer turns (see docs/performance.md).
    """
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
