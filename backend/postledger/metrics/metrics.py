"""The backend's metrics, as the contract names them; label values come from closed lists, never from a sender.

In multiprocess mode every process writes its own files, so a counter outlives the worker that incremented it. Each
worker writes ten times a second: a scrape may lag by a tenth of a second, and a worker that is killed loses as much.
"""

import os
from collections import defaultdict
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from postledger.ledger.entry import Outcome
from postledger.metrics.click_counters import ClickCounters
from postledger.metrics.gauges import Gauges
from postledger.metrics.postback_counters import UNKNOWN, PostbackCounters
from postledger.platform.metrics.buffered_values import flush_values
from postledger.platform.periodic_task import Periodic
from postledger.platform.postgres.errors import Cause
from postledger.policy.policy import Policy
from postledger.vocabulary.conversion_event import Event

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
SLOW_S = 0.1
"""From here on an answer misses the objective for latency."""
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The metrics of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._postbacks = PostbackCounters(registry)
        self._unauthenticated_bytes = Counter(
            "postledger_unauthenticated_bytes",
            "What audit rows of unauthenticated refusals take, as the byte budget counts it.",
            registry=registry,
        )
        self._requests = Histogram(
            "postledger_request_duration_seconds",
            "Time from the backend's first byte of a request to its response.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._clicks = ClickCounters(registry)
        self.count_click, self.count_shed_click = self._clicks.count, self._clicks.count_shed
        self.count_label = self._clicks.count_label
        self._authenticated = Counter(
            "postledger_authenticated_postbacks",
            "Postbacks with a matching secret, or accepted without one, and not answered 5xx; `slow` from 100 ms on.",
            ["result"],
            registry=registry,
        )
        for result in ("fast", "slow"):
            self._authenticated.labels(result)
        self._counts = {"fast": 0, "slow": 0}
        self._flush_rows = Histogram(
            "postledger_flush_rows", "Rows in one group commit.", buckets=_ROWS, registry=registry
        )
        self._flush_seconds = Histogram(
            "postledger_flush_duration_seconds", "Time of one group commit.", buckets=_SECONDS, registry=registry
        )
        self._flush_failures = Counter(
            "postledger_flush_failures",
            "Group commits that failed, and checks of a failing writer; by cause.",
            ["cause"],
            registry=registry,
        )
        for cause in Cause:
            self._flush_failures.labels(cause)
        self._gauges = Gauges(registry)
        self.note_build, self.note_ledger = self._gauges.note_build, self._gauges.note_ledger
        self.note_days, self.note_writer_failing = self._gauges.note_days, self._gauges.note_writer_failing
        self.note_waiting, self.note_queue_limit = self._gauges.note_waiting, self._gauges.note_queue_limit
        self.note_byte_limit = self._gauges.note_byte_limit
        self._durations = defaultdict[tuple[str, str], list[float]](list)

        self._writing = Periodic(self._write)

    def close(self) -> None:
        """Write what was counted; nothing is counted afterwards."""
        self._writing.close()

    def prepare(self, policy: Policy) -> None:
        """Create every series of the policy at zero, because Prometheus does not see the increase of a new series."""
        self._postbacks.show(policy)
        self._clicks.show(policy.campaigns)
        self._gauges.show(policy)

    def count_postback(self, source: str | None, campaign: str | None, outcome: Outcome, event: Event | None) -> None:
        """Count one answered postback, the conversion that it opened or changed, and the payout that it booked."""
        self._postbacks.tally(source or UNKNOWN, campaign or UNKNOWN, outcome, event)

    def count_unauthenticated_bytes(self, count: int) -> None:
        """Count what the audit row of an unauthenticated refusal takes."""
        self._unauthenticated_bytes.inc(count)

    def count_stranger(self, source: str | None) -> None:
        """Count the refusal of a postback without a matching secret."""
        self._postbacks.tally_stranger(source or UNKNOWN)

    def observe_request(self, route: str, status: str, seconds: float, is_authenticated: bool = False) -> None:
        """Observe one answered request."""
        self._durations[route, status].append(seconds)
        if is_authenticated and status < "500":
            self._counts["slow" if seconds > SLOW_S else "fast"] += 1

    def observe_flush(self, rows: int, seconds: float) -> None:
        """Observe one group commit."""
        self._flush_rows.observe(rows)
        self._flush_seconds.observe(seconds)

    def count_flush_failure(self, cause: Cause) -> None:
        """Count one group commit, or one row of it, that failed."""
        self._flush_failures.labels(cause).inc()

    def render(self) -> bytes:
        """Sum the metrics of all processes, living and dead, in Prometheus' text format."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        return self._postbacks.zeros.add_to(generate_latest(registry).decode()).encode()

    def _write(self) -> None:
        self._postbacks.increment_all()
        self._observe_requests()
        flush_values()

    def _observe_requests(self) -> None:
        durations, self._durations = self._durations, defaultdict(list)
        for result, count in self._counts.items():
            self._authenticated.labels(result).inc(count)
        self._counts = {"fast": 0, "slow": 0}
        for labels, all_seconds in durations.items():
            requests = self._requests.labels(*labels)
            for seconds in all_seconds:
                requests.observe(seconds)


def count_failing_writers() -> int:
    """Count the living workers whose last write failed.

    It reads only the files of such gauges, because anyone can ask for the health. The file of a worker that has ended
    is removed, so it counts no more.
    """
    files = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("gauge_livesum_*.db")
    gauges = {metric.name: metric for metric in MultiProcessCollector.merge([str(file) for file in files])}
    gauge = gauges.get("postledger_writers_failing")
    return 0 if gauge is None else int(sum(sample.value for sample in gauge.samples))
