"""Counts answered postbacks: verdict, refusal, the conversion that was opened or changed, and the payout.

Postbacks are tallied first. On a busy worker most of them are alike, so their counters are looked up once and
incremented by their number.
"""

import random
from collections import defaultdict
from functools import cache

from prometheus_client import CollectorRegistry, Counter

from postledger.ledger.entry import Outcome, Unrecorded
from postledger.metrics.payout_buckets import size_of
from postledger.platform.metrics.zero_series import ZeroSeries
from postledger.policy.policy import Policy
from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Status, Verdict

UNKNOWN = "unknown"
_BOOKED = (Verdict.ACCEPTED, Verdict.UPDATED)


# Source, campaign, verdict, status, reason, observed reasons, and whether the click was imported or shed: everything
# that selects the counters of a postback, except its payout. A bare tuple, because each postback makes one.
_Kind = tuple[str, str, Verdict, Status | None, Reason | None, tuple[Reason, ...], bool, bool]
_Size = tuple[str, str, str]  # source, currency, size


class PostbackCounters:
    """The counters, and the choice of those that a postback increments."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._postbacks = Counter(
            "postledger_postbacks", "Postbacks by verdict.", ["source", "verdict"], registry=registry
        )
        self._refusals = Counter(
            "postledger_refusals", "Refused postbacks by reason.", ["source", "reason"], registry=registry
        )
        self._unrecorded = Counter(
            "postledger_refusals_unrecorded",
            "Unauthenticated refusals without an audit row.",
            ["source"],
            registry=registry,
        )
        self._over_budget = Counter(
            "postledger_refusals_over_budget",
            "Unauthenticated refusals without an audit row, because the byte budget of the day is spent.",
            ["source"],
            registry=registry,
        )
        self._strangers = Counter(
            "postledger_stranger_refusals",
            "Refusals of postbacks without a matching secret. No objective counts them.",
            ["source"],
            registry=registry,
        )
        self._observed = Counter(
            "postledger_observed",
            "Refusals that observe mode did not enforce, by reason.",
            ["source", "reason"],
            registry=registry,
        )
        self._conversions = Counter(
            "postledger_conversions",
            "Conversions that reached a status, by opening or by a change.",
            ["campaign", "status"],
            registry=registry,
        )
        self._opened = Counter(
            "postledger_conversions_opened",
            "Conversions of recorded clicks, each counted once.",
            ["campaign"],
            registry=registry,
        )
        self._opened_of_imports = Counter(
            "postledger_conversions_of_imported_clicks",
            "Conversions of imported clicks, each counted once. No metric counts imported clicks.",
            ["campaign"],
            registry=registry,
        )
        self._opened_of_shed = Counter(
            "postledger_conversions_of_shed_clicks",
            "Conversions of clicks that were not stored, each counted once. They are not among the recorded clicks.",
            ["campaign"],
            registry=registry,
        )
        self._payouts = Counter(
            "postledger_payouts",
            "Booked payouts by rounded size; the amount itself is in no metric.",
            ["source", "currency", "size"],
            registry=registry,
        )
        self._labels = Counter(
            "postledger_postback_labels_dropped",
            "Labels of postbacks that were cut or left out; by cause.",
            ["source", "cause"],
            registry=registry,
        )
        # Looking a counter up by its labels costs more than incrementing it. Label sets are closed, so each is kept. Of
        # thousands of sources, most postbacks between two writes have one of their own.
        self._postbacks_of, self._conversions_of = cache(self._postbacks.labels), cache(self._conversions.labels)
        self._opened_of, self._payouts_of = cache(self._opened.labels), cache(self._payouts.labels)
        # A new policy comes with every change of a source, and most of its series exist already.
        self.zeros = ZeroSeries(self._list_series())
        self._show_observed = cache(self._observed_at_zero)
        self._show_campaign = cache(self._campaign_at_zero)
        self._kinds, self._sizes = defaultdict[_Kind, int](int), defaultdict[_Size, int](int)
        self._from_strangers = defaultdict[str, int](int)
        self._lost = defaultdict[tuple[str, Unrecorded], int](int)

    def tally(self, source: str, campaign: str, outcome: Outcome, event: Event | None) -> None:
        """Tally one answered postback, by the slugs of source and campaign."""
        refusal, verdict = outcome.refusal, outcome.verdict
        if source == SELFTEST:
            if refusal is None:
                return
            source = UNKNOWN  # anyone can send to this slug: what is refused must not be invisible
        reason = refusal.reason if refusal is not None else None
        if outcome.unrecorded is not None:
            self._lost[source, outcome.unrecorded] += 1
        imported, shed = outcome.is_of_imported_click, outcome.click_shed
        self._kinds[source, campaign, verdict, outcome.status, reason, outcome.observed, imported, shed] += 1
        if event is not None and verdict in _BOOKED and event.payout is not None and event.currency is not None:
            self._sizes[source, event.currency, size_of(event.payout, random.random())] += 1  # noqa: S311 - a rounding
        if event is not None and event.label_notes is not None:
            for cause in event.label_notes.values():
                self._labels.labels(source, cause.value).inc()

    def tally_stranger(self, source: str) -> None:
        """Tally a refusal without a matching secret, by the slug of its source."""
        self._from_strangers[UNKNOWN if source == SELFTEST else source] += 1

    def increment_all(self) -> None:
        """Increment the counters by what was tallied since the last call."""
        kinds, self._kinds = self._kinds, defaultdict(int)
        sizes, self._sizes = self._sizes, defaultdict(int)
        for kind, times in kinds.items():
            for counter in self._find(kind):
                counter.inc(times)
        for size, times in sizes.items():
            self._payouts_of(*size).inc(times)
        self._increment_lost()

    def _increment_lost(self) -> None:
        strangers, self._from_strangers = self._from_strangers, defaultdict(int)
        for source, times in strangers.items():
            self._strangers.labels(source).inc(times)
        lost, self._lost = self._lost, defaultdict(int)
        for (source, cause), times in lost.items():
            self._unrecorded.labels(source).inc(times)
            if cause is Unrecorded.BUDGET:
                self._over_budget.labels(source).inc(times)

    def show(self, policy: Policy) -> None:
        """Show every series of a policy at zero."""
        self.zeros.show((*policy.sources.keys() - {SELFTEST}, UNKNOWN))
        for source in (slug for slug, one in policy.sources.items() if one.settings.mode == "observe"):
            self._show_observed(source)
        for campaign in (*policy.campaigns, UNKNOWN):
            self._show_campaign(campaign)

    def _list_series(self) -> list[tuple[Counter, tuple[str, ...]]]:
        """List the series that each source has from the start."""
        return [
            *((counter, ()) for counter in (self._unrecorded, self._over_budget, self._strangers)),
            *((self._postbacks, (verdict.value,)) for verdict in Verdict),
            *((self._refusals, (reason.value,)) for reason in Reason),
            *((self._labels, (cause.value,)) for cause in LabelCause),
        ]

    def _observed_at_zero(self, source: str) -> None:
        for reason in Reason:
            self._observed.labels(source, reason.value)

    def _campaign_at_zero(self, campaign: str) -> None:
        self._opened.labels(campaign)
        self._opened_of_imports.labels(campaign)
        self._opened_of_shed.labels(campaign)
        for status in Status:
            self._conversions.labels(campaign, status.value)

    def _find(self, kind: _Kind) -> list[Counter]:
        source, campaign, verdict, status, reason, observed, is_of_imported_click, click_shed = kind
        found = [self._postbacks_of(source, verdict.value)]
        if reason is not None:
            found.append(self._refusals.labels(source, reason.value))
        found += [self._observed.labels(source, one.value) for one in observed]
        if status is not None and reason is None and verdict is not Verdict.DUPLICATE:
            found.append(self._conversions_of(campaign, status.value))
        if verdict is Verdict.ACCEPTED:
            found.append(self._find_opened(campaign, is_of_imported_click, click_shed))
        return found

    def _find_opened(self, campaign: str, is_of_imported_click: bool, click_shed: bool) -> Counter:
        if click_shed:
            return self._opened_of_shed.labels(campaign)
        return self._opened_of_imports.labels(campaign) if is_of_imported_click else self._opened_of(campaign)
