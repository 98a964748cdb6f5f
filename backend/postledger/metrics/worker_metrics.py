"""The metrics of a worker: what it has mapped, sent and run, and what still waits.

A worker is one process, so its registry is its own and has no files. Counters count what this worker did; gauges are
read from the tables, so that every worker exports the same ones.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from psycopg import Connection

from postledger.metrics.backlog import Backlog, read_backlog
from postledger.metrics.postback_counters import UNKNOWN

MAPPED = ("accrual", "adjustment", "remap", "unmapped", "unchanged")
"""The results of mapping: the kinds of lines, and conversions for which no line was due."""
DELIVERED = ("delivered", "retried", "failed", "blocked")
"""The results of one attempt to deliver; `blocked`: the address is not allowed."""
RAN = ("done", "retried", "dead")
"""The results of one run of a task."""
UNMAPPED = ("no_rule", "no_payee", "no_amount", "no_rate")
LOOPS = ("map", "forward")
_CIRCUITS = {"closed": 0, "half_open": 1, "open": 2, "off": 3}


class WorkerMetrics:
    """The metrics of one worker. `tasks` are the names of all tasks that it can run."""

    def __init__(self, tasks: Iterable[str]) -> None:
        self._registry = registry = CollectorRegistry()
        self._tasks = (*LOOPS, *tasks)
        self._mapped = Counter(
            "postledger_mapped",
            "Expense lines that were written, by kind; and conversions for which none was due.",
            ["result"],
            registry=registry,
        )
        self._deliveries = Counter(
            "postledger_deliveries", "Attempts to deliver, by result.", ["forward", "result"], registry=registry
        )
        self._jobs = Counter("postledger_jobs", "Runs of tasks, by result.", ["task", "result"], registry=registry)
        self._gauges = _Gauges(registry, self._tasks)
        self._show_counters()

    def _show_counters(self) -> None:
        for result in MAPPED:
            self._mapped.labels(result)
        for task in self._tasks:
            for result in RAN:
                self._jobs.labels(task, result)

    def count_mapped(self, result: str, count: int = 1) -> None:
        """Count expense lines of one kind, or conversions for which none was due."""
        self._mapped.labels(_one_of(MAPPED, result)).inc(count)

    def count_delivery(self, forward: str, result: str) -> None:
        """Count one attempt to deliver."""
        self._deliveries.labels(forward, _one_of(DELIVERED, result)).inc()

    def count_job(self, task: str, result: str, count: int = 1) -> None:
        """Count runs of a task."""
        self._jobs.labels(_one_of(self._tasks, task), _one_of(RAN, result)).inc(count)

    def refresh(self, connection: Connection[Any]) -> None:
        """Read what waits from the tables."""
        backlog = read_backlog(connection)
        # Prometheus does not see the increase of a new series, so each forward has all of its own from the start.
        for forward in backlog.forwards:
            for result in DELIVERED:
                self._deliveries.labels(forward, result)
        self._gauges.show(backlog)

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _Gauges:
    def __init__(self, registry: CollectorRegistry, tasks: Iterable[str]) -> None:
        self._tasks = tuple(tasks)
        self._outbox = Gauge(
            "postledger_outbox_waiting",
            "Changes that no worker has taken; an estimate beyond 10,000.",
            registry=registry,
        )
        self._outbox_age = Gauge(
            "postledger_outbox_age_seconds", "Age of the oldest change that no worker has taken.", registry=registry
        )
        self._unmapped = Gauge(
            "postledger_expenses_unmapped",
            "Conversions whose money is not mapped, by reason; of the newest 10,000 unmapped lines.",
            ["reason"],
            registry=registry,
        )
        self._deliveries = Gauge(
            "postledger_deliveries_waiting",
            "Deliveries that wait, by forward; counted up to 100,000.",
            ["forward"],
            registry=registry,
        )
        self._oldest = Gauge(
            "postledger_deliveries_oldest_seconds",
            "Age of the oldest delivery that waits, by forward.",
            ["forward"],
            registry=registry,
        )
        self._circuit = Gauge(
            "postledger_forward_circuit",
            "State of a forward: 0 closed, 1 half open, 2 open, 3 off.",
            ["forward"],
            registry=registry,
        )
        self._rates_age = Gauge(
            "postledger_rates_age_seconds",
            "Age of the newest exchange rate; NaN without any.",
            registry=registry,
        )
        self._jobs = Gauge("postledger_jobs_waiting", "Tasks that wait, by name.", ["task"], registry=registry)
        self._dead = Gauge("postledger_jobs_dead", "Tasks that were given up, by name.", ["task"], registry=registry)
        self._refreshed = Gauge(
            "postledger_worker_refreshed_timestamp_seconds",
            "When this worker last read its gauges from the tables.",
            registry=registry,
        )
        self._rates_age.set(math.nan)
        _fill(self._unmapped, UNMAPPED, {})
        self._show_tasks({}, {})

    def show(self, backlog: Backlog) -> None:
        """Set all gauges. The series of a forward that was removed end."""
        self._outbox.set(backlog.outbox_waiting)
        self._outbox_age.set(backlog.outbox_age_s)
        _fill(self._unmapped, UNMAPPED, backlog.unmapped)
        self._show_forwards(backlog)
        deliveries = sum(forward.waiting for forward in backlog.forwards.values())
        self._show_tasks(
            {**backlog.tasks_waiting, "map": backlog.outbox_waiting, "forward": deliveries}, backlog.tasks_dead
        )
        self._rates_age.set(math.nan if backlog.rates_age_s is None else backlog.rates_age_s)
        self._refreshed.set(backlog.read_at.timestamp())

    def _show_forwards(self, backlog: Backlog) -> None:
        for gauge in (self._deliveries, self._oldest, self._circuit):
            gauge.clear()
        for slug, forward in backlog.forwards.items():
            self._deliveries.labels(slug).set(forward.waiting)
            self._oldest.labels(slug).set(forward.oldest_s)
            self._circuit.labels(slug).set(_CIRCUITS[forward.circuit])

    def _show_tasks(self, waiting: Mapping[str, int], dead: Mapping[str, int]) -> None:
        _fill(self._jobs, self._tasks, waiting)
        _fill(self._dead, self._tasks, dead)


def _fill(gauge: Gauge, labels: Iterable[str], values: Mapping[str, int]) -> None:
    """Set a series for each label. What is of none of them, as a task of another release, is `unknown`."""
    labels = tuple(labels)
    for label in labels:
        gauge.labels(label).set(values.get(label, 0))
    gauge.labels(UNKNOWN).set(sum(value for label, value in values.items() if label not in labels))


def _one_of(allowed: Iterable[str], value: str) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is no value of this label")
    return value
