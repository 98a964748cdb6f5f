"""Lets the scheduling class of a worker follow its load. Apart from the classes, because it needs the event loop."""

import os
import time
from collections.abc import Callable

import gevent

from postledger.platform.server.scheduling import choose_class, schedule_as

LOOK_EVERY_S = 1.0


def follow_load(read_cpu_s: Callable[[], float] = time.process_time) -> None:
    """Choose the class of this process every second, for ever. For a greenlet of its own."""
    at_s, cpu_s = time.monotonic(), read_cpu_s()
    while True:
        gevent.sleep(LOOK_EVERY_S)
        then_s, used_s = at_s, cpu_s
        at_s, cpu_s = time.monotonic(), read_cpu_s()
        now = os.sched_getscheduler(0)
        if (chosen := choose_class(now, (cpu_s - used_s) / (at_s - then_s))) != now:
            schedule_as(chosen)
