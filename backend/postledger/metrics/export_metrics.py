"""The metrics of exports: what targets made of bills, what waits for them, and what they have refused."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from postledger.metrics.backlog import ExportBacklog

EXPORTED = ("exported", "refused", "unknown", "failed")
"""The results of one attempt, as `finance/exports/settlement.py` names them. The last two are repeated."""
SETTLED = EXPORTED[:2]


class ExportMetrics:
    """The series of each target in force."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._exports = Counter(
            "postledger_exports", "Attempts to export a bill, by result.", ["target", "result"], registry=registry
        )
        self._waiting = Gauge(
            "postledger_exports_waiting",
            "Bills that wait for a target; counted up to 10,000.",
            ["target"],
            registry=registry,
        )
        self._oldest = Gauge(
            "postledger_exports_oldest_seconds",
            "Age of the oldest bill that waits for a target.",
            ["target"],
            registry=registry,
        )
        self._refused = Gauge(
            "postledger_exports_refused",
            "Bills that a target has refused, and that were not sent again; counted up to 10,000.",
            ["target"],
            registry=registry,
        )

    def count(self, target: str, result: str) -> None:
        """Count one attempt."""
        if result not in EXPORTED:
            raise ValueError(f"{result!r} is no value of this label")
        self._exports.labels(target, result).inc()

    def show(self, backlog: Mapping[str, ExportBacklog]) -> None:
        """Set all gauges. The series of a target that was removed end."""
        for gauge in (self._waiting, self._oldest, self._refused):
            gauge.clear()
        for target, found in backlog.items():
            self._waiting.labels(target).set(found.waiting)
            self._oldest.labels(target).set(found.oldest_s)
            self._refused.labels(target).set(found.refused)
            # Prometheus does not see the increase of a new series, so each target has all of its own from the start.
            for result in EXPORTED:
                self._exports.labels(target, result)
