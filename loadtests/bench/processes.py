"""What /proc tells of a part's processes: the memory of each, and the processor time that all of them have used.

Apart from what starts them, because the numbers must come out the same way for every contestant.
"""

import os
from pathlib import Path

import msgspec

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KIB = 1024


class Memory(msgspec.Struct, frozen=True):
    """The memory of one process: resident, and its fair share of what it has in common with others."""

    rss_bytes: int
    pss_bytes: int


def children(pid: int) -> list[int]:
    """The live children of a process."""
    return [child for child, parent in _parents().items() if parent == pid]


def parent(pid: int) -> int:
    """The parent of a process."""
    return _parents()[pid]


def read_memory(pid: int) -> Memory:
    """Read the memory of one process."""
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    values = {line.split()[0]: int(line.split()[1]) * KIB for line in lines[1:]}
    return Memory(values["Rss:"], values["Pss:"])


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its descendants, those included that have ended and were waited for."""
    parents = _parents()
    family, found = {pid}, {pid}
    while found:
        found = {child for child, parent in parents.items() if parent in found} - family
        family |= found
    return sum(_own_cpu_seconds(member) for member in family)


def machine_cpu_seconds() -> float:
    """Processor time that all programs of the machine have used, ours and others'."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, (PROC / "stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / TICKS_PER_S


def _own_cpu_seconds(pid: int) -> float:
    fields = _read_stat(pid)
    return sum(map(int, fields[11:15])) / TICKS_PER_S if fields else 0.0


def _parents() -> dict[int, int]:
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return {pid: int(fields[1]) for pid in pids if (fields := _read_stat(pid))}


def _read_stat(pid: int) -> list[str]:
    # The name in the second field may hold spaces; everything is counted from behind it. Processes end as one looks.
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
