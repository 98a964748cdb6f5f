"""The metrics of notifications: what was sent, retried and given up, and what waits."""

from collections.abc import Mapping

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

CHANNELS = ("mail", "webhook")
NOTIFIED = ("sent", "retried", "dropped", "obsolete")
"""The results. `dropped`: given up, or there was no receiver; `obsolete`: there is nothing to tell any more."""


class NotificationBacklog(msgspec.Struct, frozen=True):
    """What waits for one channel."""

    waiting: int
    oldest_s: float


class NotificationMetrics:
    """The metrics of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._notifications = Counter(
            "postledger_notifications",
            "Attempts to tell people something, by channel and result.",
            ["channel", "result"],
            registry=registry,
        )
        self._waiting = Gauge(
            "postledger_notifications_waiting",
            "Notifications that wait, by channel; counted up to 10,000.",
            ["channel"],
            registry=registry,
        )
        self._oldest = Gauge(
            "postledger_notifications_oldest_seconds",
            "Age of the oldest notification that waits, by channel.",
            ["channel"],
            registry=registry,
        )
        for channel in CHANNELS:
            for result in NOTIFIED:
                self._notifications.labels(channel, result)
        self.show({})

    def count(self, channel: str, result: str) -> None:
        """Count one attempt."""
        if channel not in CHANNELS or result not in NOTIFIED:
            raise ValueError(f"{channel!r} and {result!r} are no values of these labels")
        self._notifications.labels(channel, result).inc()

    def show(self, backlog: Mapping[str, NotificationBacklog]) -> None:
        """Set the gauges."""
        for channel in CHANNELS:
            waits = backlog.get(channel, NotificationBacklog(0, 0.0))
            self._waiting.labels(channel).set(waits.waiting)
            self._oldest.labels(channel).set(waits.oldest_s)
