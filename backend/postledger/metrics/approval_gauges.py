"""The gauges of requests that wait for people, by the role of the step that waits."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

from postledger.metrics.backlog import ApprovalBacklog


class ApprovalGauges:
    """The gauges of one worker. Roles are those of the rules in force, and of what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._waiting = Gauge(
            "postledger_approvals_waiting",
            "Requests that wait for a person, by the role of the step that waits; counted up to 100,000.",
            ["step"],
            registry=registry,
        )
        self._oldest = Gauge(
            "postledger_approvals_oldest_seconds",
            "Age of the oldest request that waits, by the role of the step that waits.",
            ["step"],
            registry=registry,
        )

    def show(self, roles: Mapping[str, ApprovalBacklog]) -> None:
        """Set all gauges. The series of a role that no rule names any more end."""
        self._waiting.clear()
        self._oldest.clear()
        for role, backlog in roles.items():
            self._waiting.labels(role).set(backlog.waiting)
            self._oldest.labels(role).set(backlog.oldest_s)
