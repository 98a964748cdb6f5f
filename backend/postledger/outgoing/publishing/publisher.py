"""Publishes what waits: reads a batch, sends it, and records what the broker made of it, again and again.

One worker at a time publishes, so that the order holds; the others stand by. It holds one batch at most: while the
broker is down, the changes wait in the table.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.outgoing.leases import prepare_session
from postledger.outgoing.publishing.broker import Broker, BrokerFailed, Fault, Message, Outcome
from postledger.outgoing.publishing.message import encode, message_id
from postledger.outgoing.publishing.publications import (
    Publication,
    note_published,
    postpone,
    read_waiting,
    try_publisher_lock,
)
from postledger.outgoing.publishing.routing_key import fill_routing_key
from postledger.platform.postgres.connection import read_clock
from postledger.platform.work_loop import Unavailable

RETRIES = 50
"""How many of what was refused a batch takes, so that it never displaces what is new."""
PROBE = 1
"""The batch after a failure: a broker that confirms nothing gets one repeat with each attempt, not hundreds."""
_REASONS = {
    Outcome.RETURNED: "no queue takes these messages; bind one to the exchange in POSTLEDGER_BROKER_EXCHANGE",
    Outcome.REFUSED: "the broker refuses messages, as a queue that is full does; see its limits",
}
_log = logging.getLogger("postledger.publish")

Report = Callable[[Publication, Outcome], None]
"""Is called with each message of a batch once its outcome is recorded."""


class Publisher:
    """`work` is called again and again on one connection, and `close` at the end."""

    def __init__(
        self,
        broker: Broker,
        routing_key: str,
        report: Report,
        *,
        clock: Callable[[Connection[Any]], datetime] = read_clock,
    ) -> None:
        self._broker, self._routing_key, self._report, self._clock = broker, routing_key, report, clock
        self._connection: Connection[Any] | None = None
        self._is_publisher = False
        self._is_trusted = True
        self._refusing = set[Outcome]()

    def work(self, connection: Connection[Any]) -> int:
        """Publish one batch, and return how many messages were settled. Raises `Unavailable`."""
        if not self._take_right(connection):
            return 0
        try:
            return self._publish(connection)
        except BrokerFailed as failed:
            self._is_trusted = False
            if failed.fault is not Fault.BLOCKED:  # a broker that is full keeps the connection
                self._broker.close()
            raise Unavailable(failed.fault, failed.advice) from None

    def close(self, _connection: Connection[Any]) -> None:
        """Close the connection to the broker."""
        self._broker.close()

    def _take_right(self, connection: Connection[Any]) -> bool:
        if connection is not self._connection:  # the session that held it has ended
            prepare_session(connection)
            self._connection, self._is_publisher = connection, False
        if not self._is_publisher:
            self._is_publisher = try_publisher_lock(connection)
            if not self._is_publisher:
                self._broker.close()
        return self._is_publisher

    def _publish(self, connection: Connection[Any]) -> int:
        now = self._clock(connection)  # first: Postgres ends a session that is silent while the broker is down
        self._broker.open()
        self._broker.keep_alive()
        limit, retries = (self._broker.batch, RETRIES) if self._is_trusted else (PROBE, 0)
        batch = read_waiting(connection, limit=limit, retries=retries, now=now)
        if not batch:
            self._is_trusted = True
            return 0
        sent = self._broker.publish([self._make_message(one) for one in batch])
        self._settle(connection, batch, sent.outcomes)
        if sent.fault is not None:
            raise BrokerFailed(sent.fault)
        self._is_trusted = True
        if Outcome.RETURNED in sent.outcomes:
            self._broker.prepare()  # the queue may have been deleted
        return len(batch)

    def _make_message(self, publication: Publication) -> Message:
        event = publication.event
        return Message(
            id=message_id(event),
            group=event.dedup_key,
            routing_key=fill_routing_key(self._routing_key, event),
            body=encode(event),
            time=event.received_at,
            attributes={"source": event.conversion.source, "event": event.conversion.event, "kind": event.kind},
        )

    def _settle(self, connection: Connection[Any], batch: Sequence[Publication], outcomes: Sequence[Outcome]) -> None:
        now, pairs = self._clock(connection), list(zip(batch, outcomes, strict=True))
        published = [one for one, outcome in pairs if outcome is Outcome.PUBLISHED]
        refused = [one for one, outcome in pairs if outcome in _REASONS]
        with connection.transaction():
            if published:
                note_published(connection, published, now)
            if refused:
                postpone(connection, refused, now)
        for one, outcome in pairs:
            self._report(one, outcome)
        self._log_changes(published, Counter(outcomes))

    def _log_changes(self, published: Iterable[Publication], counts: Counter[Outcome]) -> None:
        """Log a refusal once, until something that was refused is accepted."""
        if self._refusing and any(one.refusals for one in published):
            self._refusing.clear()
            _log.info("the broker accepts what it refused")
        for outcome in _REASONS.keys() & counts.keys() - self._refusing:
            self._refusing.add(outcome)
            fields = {"cause": outcome, "messages": counts[outcome], "advice": _REASONS[outcome]}
            _log.warning("refused, and is repeated", extra={"fields": fields})
