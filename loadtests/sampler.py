"""Looks at the stack once a second during a load test: cores, memory, connections, and the backend's metrics."""

import os
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import gevent
from prometheus_client.parser import text_string_to_metric_families

from loadtests.bench.processes import cpu_seconds, machine_cpu_seconds
from loadtests.client import now_s
from loadtests.history import Sample
from loadtests.stack import NoStack, Stack

STEP_S = 1.0
PAGE = os.sysconf("SC_PAGE_SIZE")
SUMMED = (
    "postledger_flush_rows_sum", "postledger_flush_rows_count", "postledger_flush_duration_seconds_sum",
    "postledger_queue_waiting", "postledger_clicks_shed_total",
)  # fmt: skip


class Sampler:
    """Samples a stack until it is stopped. `generators` are the processes that make the load."""

    def __init__(self, stack: Stack, generators: dict[str, int]) -> None:
        self._stack, self._generators = stack, generators
        self.samples: list[Sample] = []
        self._pids: dict[str, int] = {}
        self._greenlet = gevent.spawn(self._sample_for_ever)

    def stop(self) -> list[Sample]:
        """Stop, and return the samples."""
        self._greenlet.kill()
        return self.samples

    def _sample_for_ever(self) -> None:
        while True:
            self.samples.append(take_sample(self._stack, self._find_pids(), self._generators))
            gevent.sleep(STEP_S)

    def _find_pids(self) -> dict[str, int]:
        # The supervisor is only asked when a process has gone, because each question starts a Python.
        if not self._pids or not all(Path(f"/proc/{pid}").exists() for pid in self._pids.values()):
            try:
                self._pids = self._stack.pids()
            except NoStack:
                self._pids = {}
        return self._pids | self._generators


def take_sample(stack: Stack, pids: dict[str, int], generators: Iterable[str]) -> Sample:
    """Look at the stack now. `generators` are the names of the processes that make the load."""
    return Sample(
        now_s(), read_cpu_seconds(pids, generators),
        {name: private_bytes(pid) for name, pid in pids.items()}, machine_cpu_seconds(), read_metrics(stack),
    )  # fmt: skip


def read_cpu_seconds(pids: dict[str, int], generators: Iterable[str]) -> dict[str, float]:
    """Processor time by part. `commands` are this process and what it runs, such as the commands of a month's end."""
    used_s = {name: cpu_seconds(pid) for name, pid in pids.items()}
    return used_s | {"commands": cpu_seconds(os.getpid()) - sum(used_s.get(name, 0.0) for name in generators)}


def private_bytes(pid: int) -> int:
    """The memory of a process and its descendants that they do not share with others; 0 for one that has ended."""
    total, wanted, parents = 0, {pid}, _parents()
    for one in sorted(parents):
        if one in wanted or parents[one] in wanted:
            wanted.add(one)
            total += _own_bytes(one)
    return total


def read_metrics(stack: Stack) -> dict[str, float]:
    """Read the backend's metrics, summed over their labels, and the edge's connections; empty when nothing answers."""
    ops = stack.settings["POSTLEDGER_OPS_URL"]
    try:
        families = list(text_string_to_metric_families(_get(f"{ops}/metrics/backend")))
        connections = _get(f"{ops}/status/nginx").split("\n", 1)[0].rsplit(" ", 2)
    except (OSError, ValueError):
        return {}
    samples = [sample for family in families for sample in family.samples if sample.name in SUMMED]
    values = {name: sum(one.value for one in samples if one.name == name) for name in SUMMED}
    for family in families:
        for one in family.samples:
            if one.name == "postledger_postbacks_total":
                verdict = f"verdict {one.labels['verdict']}"
                values[verdict] = values.get(verdict, 0.0) + one.value
    return values | {"connections": float(connections[-1] or connections[-2])}


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  (loopback, from runtime.env)
        return str(response.read().decode())


def _own_bytes(pid: int) -> int:
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * PAGE


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except (OSError, IndexError):
                continue
    return parents
