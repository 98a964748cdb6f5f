"""Wires what publishes to a broker: the connection, and the loop that sends what is queued."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from psycopg import Connection

from postledger.outgoing.publishing.broker import Outcome
from postledger.outgoing.publishing.open_broker import open_broker
from postledger.outgoing.publishing.publications import Publication
from postledger.outgoing.publishing.publisher import Publisher
from postledger.platform.broker_settings import BrokerSettings
from postledger.platform.json_log import EventLog
from postledger.platform.work_loop import WorkLoop

CountPublished = Callable[[str], None]


class Published(msgspec.Struct, frozen=True):
    """The log entry of one message that was sent."""

    time: datetime
    receipt: str
    kind: str
    revision: int
    source: str
    outcome: Outcome
    event: str = "published"


def create_publish_loop(
    settings: BrokerSettings,
    connect: Callable[[], Connection[Any]],
    events: EventLog,
    count_published: CountPublished,
) -> WorkLoop:
    """Make the loop that publishes what is queued."""

    def report(publication: Publication, outcome: Outcome) -> None:
        count_published(outcome)
        events.add(_log_entry(publication, outcome))

    broker = open_broker(settings)
    publisher = Publisher(broker, settings.routing_key, report)
    return WorkLoop(
        "publish",
        partial(_write_after, publisher.work, events),
        connect,
        full_portion=broker.batch,
        finish=publisher.close,
    )


def _write_after(work: Callable[[Connection[Any]], int], events: EventLog, connection: Connection[Any]) -> int:
    try:
        return work(connection)
    finally:
        events.write()


def _log_entry(publication: Publication, outcome: Outcome) -> Published:
    event = publication.event
    return Published(datetime.now(UTC), event.receipt, event.kind, event.revision, event.conversion.source, outcome)
