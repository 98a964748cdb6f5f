"""The backend's metrics, as the contract names them; label values come from closed lists, never from a sender.

In multiprocess mode every process writes its own files, so a counter outlives the worker that raised it. What happened
is counted a little later, for many requests at once; a worker that is killed takes a tenth of a second with it.
"""

import os
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVarTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from postledger.adapters.counted import Counted, wait_for_all
from postledger.adapters.gauges import Gauges
from postledger.adapters.later import Later
from postledger.adapters.sums import write_sums
from postledger.domain.entry import Outcome
from postledger.domain.payout_size import size_of
from postledger.domain.policy import Policy
from postledger.domain.refusal import Reason
from postledger.domain.status import Status, Verdict

UNKNOWN = "unknown"
Facts = TypeVarTuple("Facts")
PATIENCE_S = 0.5  # a worker that hangs must not cost a scrape
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Counts what the services report."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._postbacks = Counter(
            "postledger_postbacks", "Postbacks by verdict.", ["source", "verdict"], registry=registry
        )
        self._refusals = Counter(
            "postledger_refusals", "Refused postbacks by reason.", ["source", "reason"], registry=registry
        )
        self._observed = Counter(
            "postledger_observed",
            "What sources in observe mode would have been refused for.",
            ["source", "reason"],
            registry=registry,
        )
        self._unrecorded = Counter(
            "postledger_refusals_unrecorded",
            "Unauthenticated refusals beyond the sample that gets an audit row.",
            ["source"],
            registry=registry,
        )
        self._requests = Histogram(
            "postledger_request_duration_seconds",
            "Time from the first byte that the backend sees to its answer.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._clicks = Counter("postledger_clicks", "Clicks recorded.", ["campaign"], registry=registry)
        self._conversions = Counter(
            "postledger_conversions",
            "Conversions that reached a status, by opening or by a change.",
            ["campaign", "status"],
            registry=registry,
        )
        self._opened = Counter(
            "postledger_conversions_opened",
            "Conversions of clicks that we recorded, each counted once.",
            ["campaign"],
            registry=registry,
        )
        self._opened_of_imports = Counter(
            "postledger_conversions_of_imported_clicks",
            "Conversions of clicks that were imported, each counted once; their clicks are in no metric.",
            ["campaign"],
            registry=registry,
        )
        self._payouts = Counter(
            "postledger_payouts",
            "Payouts that were booked, by a round number beside each; never the amount itself.",
            ["source", "currency", "size"],
            registry=registry,
        )
        self._flush_rows = Histogram(
            "postledger_flush_rows", "Rows in one group commit.", buckets=_ROWS, registry=registry
        )
        self._flush_seconds = Histogram(
            "postledger_flush_duration_seconds", "Time of one group commit.", buckets=_SECONDS, registry=registry
        )
        self._gauges = Gauges(registry)
        self.note_ledger, self.note_days = self._gauges.note_ledger, self._gauges.note_days
        self.note_waiting, self.note_queue_limit = self._gauges.note_waiting, self._gauges.note_queue_limit
        self._parked = Counter(
            "postledger_reversals_parked", "Reversals beyond the guard of their source.", ["source"], registry=registry
        )
        # Finding a child by its labels costs more than raising it, and label sets are closed: each is found once.
        self._verdicts, self._reasons = cache(self._postbacks.labels), cache(self._refusals.labels)
        self._statuses, self._durations = cache(self._conversions.labels), cache(self._requests.labels)
        self._openings, self._sizes = cache(self._opened.labels), cache(self._payouts.labels)
        self._openings_of_imports = cache(self._opened_of_imports.labels)

        self._counted = Counted(_folder())
        self._calls = Later(_call, self._counted.note)
        self.count_postback, self.count_payout = self._defer(self._count_postback), self._defer(self._count_payout)
        self.count_unrecorded, self.count_click = self._defer(self._count_unrecorded), self._defer(self._count_click)
        self.observe_request, self.observe_flush = self._defer(self._observe_request), self._defer(self._observe_flush)

    def _defer(self, count: Callable[[*Facts], None]) -> Callable[[*Facts], None]:
        add = self._calls.add
        return lambda *facts: add((count, facts))

    def close(self) -> None:
        """Count what is left; nothing is counted afterwards."""
        self._calls.close()
        self._counted.close()

    def prepare(self, policy: Policy) -> None:
        """Show every series of the policy at zero from the start, so that the first event is a rise and not a birth."""
        for source in (*policy.sources, UNKNOWN):
            for verdict in Verdict:
                self._postbacks.labels(source, verdict.value)
            for reason in Reason:
                self._refusals.labels(source, reason.value)
            self._unrecorded.labels(source)
            self._parked.labels(source)
        for source in (slug for slug, one in policy.sources.items() if one.settings.mode == "observe"):
            for reason in Reason:
                self._observed.labels(source, reason.value)
        for campaign in (*policy.campaigns, UNKNOWN):
            self._clicks.labels(campaign)
            self._opened.labels(campaign)
            self._opened_of_imports.labels(campaign)
            for status in Status:
                self._conversions.labels(campaign, status.value)
        self._gauges.show(policy)

    def _count_postback(self, source: str | None, outcome: Outcome, campaign: str | None) -> None:
        """Count one answered postback, and the conversion that it opened or moved."""
        self._verdicts(source or UNKNOWN, outcome.verdict.value).inc()
        if outcome.refusal is not None:
            self._reasons(source or UNKNOWN, outcome.refusal.reason.value).inc()
        for reason in outcome.observed:
            self._observed.labels(source or UNKNOWN, reason.value).inc()
        if outcome.refusal is None and outcome.status is not None and outcome.verdict is not Verdict.DUPLICATE:
            self._statuses(campaign or UNKNOWN, outcome.status.value).inc()
        if outcome.is_parked:
            self._parked.labels(source or UNKNOWN).inc()
        if outcome.verdict is Verdict.ACCEPTED:
            openings = self._openings_of_imports if outcome.is_of_imported_click else self._openings
            openings(campaign or UNKNOWN).inc()

    def _count_payout(self, source: str, currency: str, payout: Decimal) -> None:
        """Count one booked payout by its ISO 4217 code and its size."""
        self._sizes(source, currency, size_of(payout, random.random())).inc()  # noqa: S311 - a rounding

    def _count_unrecorded(self, source: str | None) -> None:
        """Count a refusal that was answered without an audit row."""
        self._unrecorded.labels(source or UNKNOWN).inc()

    def _count_click(self, campaign: str) -> None:
        """Count one recorded click."""
        self._clicks.labels(campaign).inc()

    def _observe_request(self, route: str, status: str, seconds: float) -> None:
        """Observe one answered request."""
        self._durations(route, status).observe(seconds)

    def _observe_flush(self, rows: int, seconds: float) -> None:
        """Observe one group commit."""
        self._flush_rows.observe(rows)
        self._flush_seconds.observe(seconds)


def _call(calls: Sequence[tuple[Callable[..., None], tuple[Any, ...]]]) -> None:
    for count, facts in calls:
        count(*facts)
    write_sums()


class Unmeasured:
    """Counts nothing, whatever it is told: to measure what counting costs, and for nothing else."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return _discard


def _discard(*_: object, **__: object) -> None:
    return


def render_metrics() -> bytes:
    """Add up what all processes, living and dead, have counted, in Prometheus' text format.

    It takes its time, so that whatever was answered before somebody asks is in it.
    """
    wait_for_all(_folder(), PATIENCE_S)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)


def _folder() -> Path:
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
