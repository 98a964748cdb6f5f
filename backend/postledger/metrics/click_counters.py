"""Counts clicks: those that were stored, those that were shed, and the labels that were cut or left out."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from postledger.metrics.postback_counters import UNKNOWN
from postledger.vocabulary.click import LabelCause, ShedCause


class ClickCounters:
    """The counters of clicks, by campaign."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._clicks = Counter("postledger_clicks", "Clicks recorded.", ["campaign"], registry=registry)
        self._shed = Counter(
            "postledger_clicks_shed",
            "Clicks whose visitors were redirected, and that were not stored; by cause.",
            ["campaign", "cause"],
            registry=registry,
        )
        self._labels = Counter(
            "postledger_click_labels_dropped",
            "Labels of clicks that were cut or left out; by cause.",
            ["campaign", "cause"],
            registry=registry,
        )

    def show(self, campaigns: Iterable[str]) -> None:
        """Create every series at zero."""
        for campaign in (*campaigns, UNKNOWN):
            self._clicks.labels(campaign)
            for shed in ShedCause:
                self._shed.labels(campaign, shed.value)
            for cause in LabelCause:
                self._labels.labels(campaign, cause.value)

    def count(self, campaign: str) -> None:
        """Count one recorded click."""
        self._clicks.labels(campaign).inc()

    def count_shed(self, campaign: str, cause: ShedCause) -> None:
        """Count one click that was not stored."""
        self._shed.labels(campaign, cause.value).inc()

    def count_label(self, campaign: str, cause: LabelCause) -> None:
        """Count one label that was cut or left out."""
        self._labels.labels(campaign, cause.value).inc()
