"""The gauges: the policy in force, the last response of Postgres, the days of the audit, the queue, the build.

Several processes set each gauge, and its `multiprocess_mode` says how their values become one. A series cannot be
removed in multiprocess mode. So what no longer holds is set to 0, and alerts compare with that.
"""

import time
from datetime import UTC, date, datetime

from prometheus_client import CollectorRegistry, Gauge

from postledger.metrics.payout_buckets import SIZES
from postledger.platform.build_info import BuildInfo
from postledger.policy.policy import Policy
from postledger.vocabulary.selftest import SELFTEST

_DAY_S = 86_400


class Gauges:
    """The gauges of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sources = Gauge(
            "postledger_source_info",
            "1 for each source with its current settings, 0 for earlier settings.",
            ["source", "trusted", "mode"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._unusable = Gauge(
            "postledger_source_unusable",
            "1 for each source whose stored settings or secrets cannot be read, 0 for every other.",
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
            "Time of the last response of Postgres to the backend.",
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
            "Start of the last day for which the audit has a partition.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._retention = Gauge(
            "postledger_audit_retention_seconds",
            "How long the audit is kept.",
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
            "Requests that may wait for the writer; further ones are answered 503.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._failing = Gauge(
            "postledger_writers_failing",
            "Backend workers whose last write to the ledger failed.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._byte_limit = Gauge(
            "postledger_unauthenticated_bytes_limit",
            "What audit rows of unauthenticated refusals may take in a day.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        Gauge(
            "postledger_backend_start_timestamp_seconds",
            "Start of the first of the backend's processes.",
            multiprocess_mode="min",
            registry=registry,
        ).set(time.time())
        sizes = Gauge(
            "postledger_payout_size",
            "The amount that each payout size stands for.",
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
        """Set the series of this policy's sources and campaigns to 1, and those of removed ones to 0."""
        sources = {
            (slug, "true" if source.settings.trusted else "false", source.settings.mode)
            for slug, source in policy.sources.items()
            if slug != SELFTEST
        }
        self._shown_sources |= sources
        for labels in self._shown_sources:
            self._sources.labels(*labels).set(labels in sources)
        self._shown_slugs |= (policy.sources.keys() | policy.unusable.keys()) - {SELFTEST}
        for slug in self._shown_slugs:
            self._unusable.labels(slug).set(slug in policy.unusable)
        self._shown_campaigns |= policy.campaigns.keys()
        for slug in self._shown_campaigns:
            self._campaigns.labels(slug).set(slug in policy.campaigns)

    def note_build(self, build: BuildInfo) -> None:
        """Note the version and commit of this process."""
        self._build.labels(build.version, build.commit).set(1)

    def note_ledger(self) -> None:
        """Set the time of Postgres' last response to now."""
        self._contact.set(time.time())

    def note_days(self, days: list[date], retention_days: int) -> None:
        """Note the days that have a partition, the oldest first, and how many days are kept."""
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

    def note_byte_limit(self, limit: int) -> None:
        """Note how many bytes unauthenticated refusals may take in a day."""
        self._byte_limit.set(limit)

    def note_queue_limit(self, limit: int) -> None:
        """Note how many requests may wait for the writer."""
        self._limit.set(limit)


def _start_s(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
