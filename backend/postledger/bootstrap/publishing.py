"""Wires what publishes to a broker: the connection, and the loop that sends what is queued."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from gevent.event import Event
from psycopg import Connection

from postledger.outgoing.publishing.broker import Outcome
from postledger.outgoing.publishing.open_broker import open_broker
from postledger.outgoing.publishing.publications import Publication, Waiting, count_waiting
from postledger.outgoing.publishing.publisher import Publisher
from postledger.platform.broker_settings import BrokerSettings
from postledger.platform.json_log import EventLog
from postledger.platform.postgres.errors import translated_errors
from postledger.platform.work_loop import IDLE_PAUSE_S, WorkLoop
from postledger.vocabulary.operator_error import NotPossible

OTHERS_WITHIN_S = 5.0
"""How long `--once` waits for a worker that has the right to publish, and gets nothing through."""
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
    count_failed: Callable[[], None],
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
        on_failure=count_failed,
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


def wait_for_others(connect: Callable[[], Connection[Any]], stop: Event) -> None:
    """Wait while another worker publishes. Raises `NotPossible` if changes still wait at the end."""
    with translated_errors(), closing(connect()) as connection:
        waiting = count_waiting(connection)
        deadline_s = time.monotonic() + OTHERS_WITHIN_S
        while waiting.fresh and time.monotonic() < deadline_s and not stop.is_set():
            stop.wait(IDLE_PAUSE_S)
            before, waiting = waiting, count_waiting(connection)
            if waiting.oldest != before.oldest:
                deadline_s = time.monotonic() + OTHERS_WITHIN_S
    if (waiting.fresh or waiting.refused) and not stop.is_set():
        raise NotPossible(_explain(waiting))


def _explain(waiting: Waiting) -> str:
    reasons = []
    if waiting.refused:
        reasons.append(
            f"the broker returned or refused {waiting.refused} of them; bind a queue to the exchange, "
            "or make room in it; then a worker repeats them within 5 minutes"
        )
    if waiting.fresh:
        reasons.append(
            f"another worker has the right to publish {waiting.fresh} of them, and gets none through; look at its log"
        )
    return f"{waiting.fresh + waiting.refused} changes still wait: {'; '.join(reasons)}"
