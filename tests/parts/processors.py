"""What processors did for the programs that a test has run, and how long somebody waited for one.

Apart from the stopwatch because that counts what is slow. Many short processes, one after the other, each wait behind
whatever else is at work: a promise about them is for a machine that does nothing else.
"""

import resource
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")


def worked_s() -> float:
    """How long processors have worked for the programs that were run, and for whatever those ran."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def queued_s() -> float:
    """For how long, since the machine started, some process had to wait for a processor; 0 where no kernel tells."""
    if not _PRESSURE.exists():
        return 0.0
    some = _PRESSURE.read_text().splitlines()[0]
    return int(some.rpartition("total=")[2]) / 1e6
