"""The metrics of the month's end: statements of networks and banks, work items, and runs of `reconcile`."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from psycopg import Connection

from postledger.metrics.month_end import MonthEnd, read_month_end
from postledger.metrics.postback_counters import UNKNOWN

RESULTS = (("network", "imported"), ("bank", "proven"), ("bank", "unproven"), ("bank", "no_balances"))
KINDS = ("report", "bank")
CLASSES = (
    "amount_differs", "currency_differs", "status_differs", "missing_at_network", "missing_in_ledger", "other_period",
    "duplicate_line", "restated", "proposed", "unexplained_line", "unapplied", "unproven", "gap", "overdue_receivable",
    "after_lock",
)  # fmt: skip
STATES = ("open", "assigned", "disputed", "resolved", "accepted", "gone")
Labels = tuple[str, str]


class MonthEndMetrics:
    """The series of one worker. `fault_reasons`: why a line of a statement cannot be read."""

    def __init__(self, registry: CollectorRegistry, fault_reasons: Iterable[str]) -> None:
        self._fault_reasons = tuple(fault_reasons)
        self._statements = Counter(
            "postledger_statements", "Statements that were imported.", ["kind", "result"], registry=registry
        )
        self._faults = Counter(
            "postledger_statement_faults",
            "Lines of statements that could not be read, by reason.",
            ["kind", "reason"],
            registry=registry,
        )
        self._overdue = Gauge(
            "postledger_statement_overdue",
            "1 if an expected statement of this source or bank account is missing.",
            ["name"],
            registry=registry,
        )
        self._unproven = Gauge(
            "postledger_statement_unproven",
            "Statements of this bank account that do not add up or have a gap before them; not those of locked months.",
            ["name"],
            registry=registry,
        )
        self._items = Gauge(
            "postledger_discrepancies",
            "Work items by class and state; counted up to 20,000 of what waits, and among the newest 20,000.",
            ["class", "state"],
            registry=registry,
        )
        self._items_oldest = Gauge(
            "postledger_discrepancies_oldest_seconds",
            "Age of the oldest work item that is open or assigned, by class; 0 without any.",
            ["class"],
            registry=registry,
        )
        self._success = Gauge(
            "postledger_reconciliation_last_success_timestamp_seconds",
            "When the newest run that is done ended; NaN before the first.",
            ["kind"],
            registry=registry,
        )
        self._duration = Gauge(
            "postledger_reconciliation_duration_seconds",
            "How long the newest run that is done took; NaN before the first.",
            ["kind"],
            registry=registry,
        )
        self._waiting = Gauge(
            "postledger_reconciliation_waiting_seconds",
            "Since when a statement of last month waits to be reconciled; 0 if none does.",
            ["kind"],
            registry=registry,
        )
        self._counted, self._faulty = dict[Labels, int](), set[str]()
        self._show_runs(None)
        self._show_items(None)

    def refresh(self, connection: Connection[Any], now: datetime) -> None:
        """Read the tables, and set all series."""
        found = read_month_end(connection, self._faulty, now)
        self._count_statements(found.statements)
        self._count_faults(found.faults)
        self._faulty.update(found.faulty)
        _show(self._overdue, found.overdue)
        _show(self._unproven, found.unproven)
        self._show_runs(found)
        self._show_items(found)

    def _count_statements(self, found: Mapping[Labels, int]) -> None:
        # A statement that was forgotten leaves the table, and stays counted.
        for labels in RESULTS:
            number = found.get(labels, 0)
            self._statements.labels(*labels).inc(max(number - self._counted.get(labels, 0), 0))
            self._counted[labels] = number

    def _count_faults(self, found: Mapping[Labels, int]) -> None:
        for kind in ("network", "bank"):
            for reason in (*self._fault_reasons, UNKNOWN):
                self._faults.labels(kind, reason)
        for (kind, reason), number in found.items():
            self._faults.labels(kind, reason if reason in self._fault_reasons else UNKNOWN).inc(number)

    def _show_runs(self, found: MonthEnd | None) -> None:
        for kind in KINDS:
            run = None if found is None else found.runs.get(kind)
            self._success.labels(kind).set(math.nan if run is None else run.ended_at.timestamp())
            self._duration.labels(kind).set(math.nan if run is None else run.took_s)
            since = None if found is None else found.unreconciled_since.get(kind)
            self._waiting.labels(kind).set(_age_s(since, found))

    def _show_items(self, found: MonthEnd | None) -> None:
        for name in CLASSES:
            items = None if found is None else found.items.get(name)
            for state in STATES:
                self._items.labels(name, state).set(0 if items is None else items.numbers.get(state, 0))
            self._items_oldest.labels(name).set(_age_s(None if items is None else items.waiting_since, found))


def _show(gauge: Gauge, values: Mapping[str, int]) -> None:
    """Set the series of each name. Those of a name that was removed end."""
    gauge.clear()
    for name, value in values.items():
        gauge.labels(name).set(value)


def _age_s(since: datetime | None, found: MonthEnd | None) -> float:
    return 0.0 if since is None or found is None else max((found.read_at - since).total_seconds(), 0.0)
