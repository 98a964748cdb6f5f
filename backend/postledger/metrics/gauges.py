"""What stands at this moment, as gauges: the policy in force, the last word from Postgres, the audit's days, the queue.

Apart from the counters because several processes set one gauge: each says how theirs become one. A series cannot be
taken back in multiprocess mode, so what no longer holds is set to 0, and alerts ask for that.
"""

import time
from datetime import UTC, date, datetime

from prometheus_client import CollectorRegistry, Gauge

from postledger.metrics.payout_buckets import SIZES
from postledger.platform.build_info import BuildInfo
from postledger.policy.policy import Policy

_DAY_S = 86_400


class Gauges:
    """The gauges of one process; the others' are added when they are read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sources = Gauge(
            "postledger_source_info",
            "1 for each source as it is configured now, 0 for what it was before.",
            ["source", "trusted", "mode"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._unusable = Gauge(
            "postledger_source_unusable",
            "1 for each source whose stored settings cannot be read, or none of its secrets, 0 for every other.",
            ["source"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._campaigns = Gauge(
            "postledger_campaign_info",
            "1 for each campaign in force, 0 for one that was removed.",
            ["campaign"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._build = Gauge(
            "postledger_build_info",
            "1 for the version and commit that the backend's processes run.",
            ["version", "commit"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._contact = Gauge(
            "postledger_ledger_contact_timestamp_seconds",
            "When Postgres last answered the backend.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._oldest = Gauge(
            "postledger_audit_oldest_timestamp_seconds",
            "Start of the oldest day of the audit.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._newest = Gauge(
            "postledger_audit_newest_timestamp_seconds",
            "Start of the last day that the audit has room for.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._retention = Gauge(
            "postledger_audit_retention_seconds",
            "For how long the audit is to be kept.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._waiting = Gauge(
            "postledger_queue_waiting",
            "Requests that wait for the writer to take them.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._limit = Gauge(
            "postledger_queue_limit",
            "Requests that may wait for the writer before others are told to come again.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._failing = Gauge(
            "postledger_writers_failing",
            "Backend workers whose last write to the ledger failed.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        Gauge(
            "postledger_backend_start_timestamp_seconds",
            "When the first of the backend's processes started.",
            multiprocess_mode="min",
            registry=registry,
        ).set(time.time())
        sizes = Gauge(
            "postledger_payout_size",
            "What each size of a payout stands for.",
            ["size"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        for name, value in SIZES.items():
            sizes.labels(name).set(value)
        self._shown_sources: set[tuple[str, str, str]] = set()
        self._shown_slugs: set[str] = set()
        self._shown_campaigns: set[str] = set()

    def show(self, policy: Policy) -> None:
        """Show sources and campaigns as this policy has them, and that others are no more."""
        sources = {
            (slug, "true" if source.settings.trusted else "false", source.settings.mode)
            for slug, source in policy.sources.items()
        }
        self._shown_sources |= sources
        for labels in self._shown_sources:
            self._sources.labels(*labels).set(labels in sources)
        self._shown_slugs |= policy.sources.keys() | policy.unusable.keys()
        for slug in self._shown_slugs:
            self._unusable.labels(slug).set(slug in policy.unusable)
        self._shown_campaigns |= policy.campaigns.keys()
        for slug in self._shown_campaigns:
            self._campaigns.labels(slug).set(slug in policy.campaigns)

    def note_build(self, build: BuildInfo) -> None:
        """Note the version and commit of this process."""
        self._build.labels(build.version, build.commit).set(1)

    def note_ledger(self) -> None:
        """Note that Postgres has answered just now."""
        self._contact.set(time.time())

    def note_days(self, days: list[date], retention_days: int) -> None:
        """Note the days that the audit has partitions for, the oldest first, and how many of them are to be kept."""
        self._retention.set(retention_days * _DAY_S)
        if days:
            self._oldest.set(_start_s(days[0]))
            self._newest.set(_start_s(days[-1]))

    def note_waiting(self, waiting: int) -> None:
        """Note how many requests wait for the writer."""
        self._waiting.set(waiting)

    def note_writer_failing(self, is_failing: bool) -> None:
        """Note whether the last write of this process failed."""
        self._failing.set(is_failing)

    def note_queue_limit(self, limit: int) -> None:
        """Note how many requests may wait for the writer."""
        self._limit.set(limit)


def _start_s(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
