"""The metrics of a worker: what it has mapped, sent and run, and what still waits.

A worker is one process, so its registry is its own and has no files. Counters count what this worker did; gauges are
read from the tables, so that every worker exports the same ones.
"""

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from psycopg import Connection

from postledger.metrics.backlog import read_backlog
from postledger.metrics.export_metrics import SETTLED, ExportMetrics
from postledger.metrics.month_end_metrics import MonthEndMetrics
from postledger.metrics.notification_metrics import NotificationMetrics
from postledger.metrics.worker_gauges import WorkerGauges

MAPPED = ("accrual", "adjustment", "remap", "unmapped", "unchanged")
"""The results of mapping: the kinds of lines, and conversions for which no line was due."""
DELIVERED = ("delivered", "retried", "failed", "blocked")
"""The results of one attempt to deliver; `blocked`: the address is not allowed."""
RAN = ("done", "retried", "dead")
"""The results of one run of a task."""
PUBLISHED = ("published", "returned", "refused", "unconfirmed")
"""What a broker made of one message, as `outgoing/publishing/broker.py` says it. All but the first are repeated."""
LOOPS = ("map", "forward", "publish", "export", "notify")


class WorkerMetrics:
    """The metrics of one worker. `tasks` and `invariants` are the names of all that it can run and check.

    `fault_reasons` are the words for a line of a statement that cannot be read.
    """

    def __init__(self, tasks: Iterable[str], invariants: Iterable[str] = (), fault_reasons: Iterable[str] = ()) -> None:
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
        self._published = Counter(
            "postledger_published", "Messages to the broker, by result.", ["result"], registry=registry
        )
        self._exports = ExportMetrics(registry)
        self._jobs = Counter("postledger_jobs", "Runs of tasks, by result.", ["task", "result"], registry=registry)
        self._notifications = NotificationMetrics(registry)
        self._month_end = MonthEndMetrics(registry, fault_reasons)
        self._gauges = WorkerGauges(registry, self._tasks, invariants)
        self._show_counters()

    def _show_counters(self) -> None:
        for result in MAPPED:
            self._mapped.labels(result)
        for result in PUBLISHED:
            self._published.labels(result)
        for task in self._tasks:
            for result in RAN:
                self._jobs.labels(task, result)

    def count_mapped(self, result: str, count: int = 1) -> None:
        """Count expense lines of one kind, or conversions for which none was due."""
        self._mapped.labels(_one_of(MAPPED, result)).inc(count)

    def count_delivery(self, forward: str, result: str) -> None:
        """Count one attempt to deliver."""
        self._deliveries.labels(forward, _one_of(DELIVERED, result)).inc()

    def count_published(self, result: str) -> None:
        """Count one message to the broker."""
        self._published.labels(_one_of(PUBLISHED, result)).inc()
        self.count_job("publish", "done" if result == PUBLISHED[0] else "retried")

    def count_export(self, target: str, result: str) -> None:
        """Count one attempt to export a bill."""
        self._exports.count(target, result)
        self.count_job("export", "done" if result in SETTLED else "retried")

    def count_notification(self, channel: str, result: str) -> None:
        """Count one attempt to tell somebody something."""
        self._notifications.count(channel, result)
        if result in ("sent", "retried", "dropped"):
            self.count_job("notify", {"sent": "done", "retried": "retried", "dropped": "dead"}[result])

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
        self._notifications.show(backlog.notifications)
        self._gauges.show(backlog)
        self._exports.show(backlog.exports)
        self._month_end.refresh(connection, backlog.read_at)

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)


def _one_of(allowed: Iterable[str], value: str) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is no value of this label")
    return value
