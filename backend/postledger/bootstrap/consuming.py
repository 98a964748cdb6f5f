"""The composition root of `postledger consume`: a loop that maps what the broker delivers, and what it logs."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from gevent.event import Event
from psycopg import Connection

from postledger.bootstrap.loops import connect_loop, connect_mapper, run_loops, stop_by_signal
from postledger.finance.books import Books, load_books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_published import PublishedMapper
from postledger.finance.remap import let_worker_in
from postledger.ledger.dispatch import set_published_aside
from postledger.ledger.narrowing import Narrowing, describe_fault, log_set_aside
from postledger.ledger.set_aside import ChangeRow
from postledger.metrics.worker_metrics import WorkerMetrics
from postledger.notifications.announce import announce_requests
from postledger.outgoing.consuming.amqp_receiver import AmqpReceiver
from postledger.outgoing.consuming.notice import Notice, read_notice
from postledger.outgoing.consuming.receiver import MOST_MESSAGES, Received, Receiver
from postledger.outgoing.publishing.broker import BrokerFailed
from postledger.platform.broker_settings import BrokerSettings
from postledger.platform.consumer_settings import read_consumer_settings
from postledger.platform.json_log import EventLog, log_as_json
from postledger.platform.server.greenlet_process import is_prepared
from postledger.platform.settings import read_environment
from postledger.platform.work_loop import Unavailable, WorkLoop
from postledger.reconciliation.rules.statement_lines import FaultReason

_UNREADABLE, _UNKNOWN = "unreadable", "unknown conversion"
_ADVICE = {
    _UNREADABLE: "they are no conversion events of version 1; look for who else writes to the queue",
    _UNKNOWN: "this ledger does not have their conversions; compare DATABASE_URL with that of the publisher",
}
_log = logging.getLogger("postledger.consume")


class Mapped(msgspec.Struct, frozen=True):
    """The log entry of one message that was mapped."""

    time: datetime
    receipt: str
    revision: int
    event: str = "mapped"


def open_receiver(settings: BrokerSettings) -> Receiver:
    """Make the connection that the URL asks for, without opening it."""
    if settings.address is not None:
        return AmqpReceiver(settings)
    # As for the publisher: Kombu and its libraries take tens of MiB.
    from postledger.outgoing.consuming.kombu_receiver import KombuReceiver  # noqa: PLC0415

    return KombuReceiver(settings)


def run_consumer() -> None:
    """Map what the broker delivers, until SIGTERM. Raises `BadSetting`."""
    assert is_prepared(), "the driver must wait in greenlets, or one loop would stop all others"
    settings = read_consumer_settings(read_environment())
    events, metrics, stop = log_as_json(), WorkerMetrics((), (), FaultReason), Event()
    stop_by_signal(stop)
    connect = partial(connect_loop, settings.database_url, "consumer")

    def load() -> Books | None:
        with closing(connect()) as connection:
            return load_books(connection)

    mapper = PublishedMapper(CurrentBooks(load), metrics.count_mapped, announce_requests)
    consumer = Consumer(open_receiver(settings.broker), mapper, events, metrics)
    loop = WorkLoop(
        "consume",
        consumer.work,
        partial(connect_mapper, settings.database_url, "consumer"),
        idle_pause_s=0,  # the receiver waits
        full_portion=MOST_MESSAGES,
        on_failure=partial(metrics.count_job, "map", "retried"),
        finish=consumer.close,
    )
    run_loops([loop], connect, metrics, settings.port, stop)


class Batch(msgspec.Struct, frozen=True):
    """Messages that can be settled: some were mapped, and some are rejected, by cause. Another one was set aside."""

    received: Sequence[Received]
    mapped: Sequence[Notice] = ()
    rejected: Mapping[str, Sequence[Received]] = {}


class Consumer:
    """Takes messages, maps their conversions in one transaction, and settles the messages after its commit.

    A message that cannot be mapped holds up no other: its change is set aside, as one that a worker cannot hand over.
    """

    def __init__(self, receiver: Receiver, mapper: PublishedMapper, events: EventLog, metrics: WorkerMetrics) -> None:
        self._receiver, self._mapper, self._events, self._metrics = receiver, mapper, events, metrics
        self._narrowing = Narrowing(MOST_MESSAGES)
        self._logged = set[str]()

    def work(self, connection: Connection[Any]) -> int:
        """Map what was received, and return how many messages that were. Raises `Unavailable`."""
        try:
            received = self._receiver.receive()
            return self._map(connection, received) if received else 0
        except BrokerFailed as failed:
            raise Unavailable(failed.fault, failed.advice) from None

    def close(self, _connection: Connection[Any]) -> None:
        """Close the connection to the broker."""
        self._receiver.close()

    def _map(self, connection: Connection[Any], received: Sequence[Received]) -> int:
        batch = self._narrowing.hand_over(
            lambda limit: self._map_some(connection, received[:limit]), lambda: self._map_one(connection, received[0])
        )
        # After the commit: of a consumer that dies before, the broker delivers everything again.
        self._receiver.settle(batch.received, [each for messages in batch.rejected.values() for each in messages])
        self._narrowing.widen(len(batch.received))
        self._report(batch)
        let_worker_in(connection)
        return len(batch.received)

    def _map_some(self, connection: Connection[Any], received: Sequence[Received]) -> Batch:
        notices = {message: read_notice(message.body) for message in received}
        causes = _find_causes(filter(None, notices.values()))
        unknown = self._mapper.map(connection, causes) if causes else set()
        rejected = {
            _UNREADABLE: [message for message, notice in notices.items() if notice is None],
            _UNKNOWN: [message for message, notice in notices.items() if notice and str(notice.dedup_key) in unknown],
        }
        mapped = [notice for notice in notices.values() if notice and str(notice.dedup_key) not in unknown]
        return Batch(received, mapped, rejected)

    def _map_one(self, connection: Connection[Any], message: Received) -> Batch:
        try:
            return self._map_some(connection, [message])
        except Exception as error:
            notice = read_notice(message.body)
            if notice is None or not self._set_aside(connection, notice.to_row(), error):
                raise
        self._narrowing.start_over()
        return Batch([message])

    def _set_aside(self, connection: Connection[Any], change: ChangeRow, error: Exception) -> bool:
        fault = describe_fault(error)
        if not (self._narrowing.is_hopeless(change, error) and set_published_aside(connection, change, fault)):
            return False
        log_set_aside(change, fault)
        return True

    def _report(self, batch: Batch) -> None:
        now = datetime.now(UTC)
        for notice in batch.mapped:
            self._events.add(Mapped(now, str(notice.receipt), notice.revision))
        self._events.write()
        self._metrics.count_job("map", "done", len(batch.mapped))
        for cause, messages in batch.rejected.items():
            if messages:
                self._note_rejected(cause, len(messages))

    def _note_rejected(self, cause: str, count: int) -> None:
        self._metrics.count_job("map", "dead", count)
        if cause not in self._logged:
            self._logged.add(cause)
            fields = {"cause": cause, "messages": count, "advice": _ADVICE[cause]}
            _log.error("rejected messages", extra={"fields": fields})


def _find_causes(notices: Iterable[Notice]) -> dict[str, str]:
    """Return the receipt of the newest change of each conversion, by dedup key."""
    newest: dict[str, Notice] = {}
    for notice in notices:
        known = newest.setdefault(str(notice.dedup_key), notice)
        if notice.revision > known.revision:
            newest[str(notice.dedup_key)] = notice
    return {dedup_key: str(notice.receipt) for dedup_key, notice in newest.items()}
