"""The gauges of a worker: what waits in the tables, and what the last check of the books found."""

import math
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Gauge

from postledger.metrics.approval_gauges import ApprovalGauges
from postledger.metrics.audit_gauges import AuditGauges
from postledger.metrics.backlog import Backlog
from postledger.metrics.postback_counters import UNKNOWN

UNMAPPED = ("no_rule", "no_payee", "no_amount", "no_rate")
_CIRCUITS = {"closed": 0, "half_open": 1, "open": 2, "off": 3}


class WorkerGauges:
    """The gauges of one worker."""

    def __init__(self, registry: CollectorRegistry, tasks: Iterable[str], invariants: Iterable[str]) -> None:
        self._tasks, self._invariants = tuple(tasks), tuple(invariants)
        self._outbox = Gauge(
            "postledger_outbox_waiting",
            "Changes that no worker has taken; an estimate beyond 10,000.",
            registry=registry,
        )
        self._outbox_age = Gauge(
            "postledger_outbox_age_seconds", "Age of the oldest change that no worker has taken.", registry=registry
        )
        self._set_aside = Gauge(
            "postledger_changes_set_aside",
            "Changes that could not be handed over, and wait for an operator.",
            registry=registry,
        )
        self._unmapped = Gauge(
            "postledger_expenses_unmapped",
            "Conversions whose money is not mapped, by reason; of the newest 5,000 unmapped lines.",
            ["reason"],
            registry=registry,
        )
        self._publications = Gauge(
            "postledger_publications_waiting",
            "Changes that the broker has not confirmed; counted up to 100,000.",
            registry=registry,
        )
        self._publications_age = Gauge(
            "postledger_publications_age_seconds",
            "Age of the oldest change that the broker has not confirmed.",
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
        self._rates_max_age = Gauge(
            "postledger_rates_max_age_seconds",
            "Age from which a rate is not used; NaN without [finance].",
            registry=registry,
        )
        self._invariants_broken = Gauge(
            "postledger_invariant_broken",
            "Violations of an invariant that the last check of the books found.",
            ["invariant"],
            registry=registry,
        )
        self._jobs = Gauge("postledger_jobs_waiting", "Tasks that wait, by name.", ["task"], registry=registry)
        self._dead = Gauge("postledger_jobs_dead", "Tasks that were given up, by name.", ["task"], registry=registry)
        self._refreshed = Gauge(
            "postledger_worker_refreshed_timestamp_seconds",
            "When this worker last read its gauges from the tables.",
            registry=registry,
        )
        self._approvals, self._audit = ApprovalGauges(registry), AuditGauges(registry)
        self._show_rates(None, None)
        self._show_invariants({})
        _fill(self._unmapped, UNMAPPED, {})
        self._show_tasks({}, {})

    def show(self, backlog: Backlog) -> None:
        """Set all gauges. The series of a forward that was removed end."""
        self._outbox.set(backlog.outbox_waiting)
        self._outbox_age.set(backlog.outbox_age_s)
        self._set_aside.set(backlog.changes_set_aside)
        _fill(self._unmapped, UNMAPPED, backlog.unmapped)
        self._show_forwards(backlog)
        self._publications.set(backlog.publications_waiting)
        self._publications_age.set(backlog.publications_age_s)
        loops = {
            "map": backlog.outbox_waiting,
            "forward": sum(forward.waiting for forward in backlog.forwards.values()),
            "publish": backlog.publications_waiting,
            "export": sum(target.waiting for target in backlog.exports.values()),
            "notify": sum(channel.waiting for channel in backlog.notifications.values()),
        }
        self._show_tasks({**backlog.tasks_waiting, **loops}, backlog.tasks_dead)
        self._show_rates(backlog.rates_age_s, backlog.rates_max_age_s)
        self._show_invariants(backlog.broken_invariants)
        self._approvals.show(backlog.approvals)
        self._audit.show(backlog.audit)
        self._refreshed.set(backlog.read_at.timestamp())

    def _show_forwards(self, backlog: Backlog) -> None:
        for gauge in (self._deliveries, self._oldest, self._circuit):
            gauge.clear()
        for slug, forward in backlog.forwards.items():
            self._deliveries.labels(slug).set(forward.waiting)
            self._oldest.labels(slug).set(forward.oldest_s)
            self._circuit.labels(slug).set(_CIRCUITS[forward.circuit])

    def _show_rates(self, age_s: float | None, max_age_s: float | None) -> None:
        self._rates_age.set(math.nan if age_s is None else age_s)
        self._rates_max_age.set(math.nan if max_age_s is None else max_age_s)

    def _show_invariants(self, broken: Mapping[str, int]) -> None:
        _fill(self._invariants_broken, self._invariants, broken)

    def _show_tasks(self, waiting: Mapping[str, int], dead: Mapping[str, int]) -> None:
        _fill(self._jobs, self._tasks, waiting)
        _fill(self._dead, self._tasks, dead)


def _fill(gauge: Gauge, labels: Iterable[str], values: Mapping[str, int]) -> None:
    """Set a series for each label. What is of none of them, as a task of another release, is `unknown`."""
    labels = tuple(labels)
    for label in labels:
        gauge.labels(label).set(values.get(label, 0))
    gauge.labels(UNKNOWN).set(sum(value for label, value in values.items() if label not in labels))
