"""Publishing on a ledger and a real RabbitMQ: changes are booked, queued and published as a worker does it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import amqp
from psycopg import Connection

from postledger.ledger.dispatch import dispatch
from postledger.outgoing.publishing.amqp_broker import AmqpBroker
from postledger.outgoing.publishing.broker import Outcome
from postledger.outgoing.publishing.message import ConversionEvent, decode
from postledger.outgoing.publishing.publications import Publication
from postledger.outgoing.publishing.publisher import Publisher
from postledger.outgoing.publishing.queue_publications import queue_publications
from postledger.platform.broker_settings import BrokerSettings, read_broker_settings
from tests.parts.entries import new_receipt

PATIENT_S = 60
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
_CONVERSION = """
INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, payout, currency, revision, created_at,
    updated_at)
VALUES (%s, %s, %s, %s, %s, 'pending', 2.50, 'USD', 1, %s, %s)
"""
_HISTORY = """
INSERT INTO conversion_events (dedup_key, id, source_id, kind, status_before, status_after, payout_before,
    currency_before, revision, received_at)
SELECT dedup_key, %s, source_id, 'status', status, %s, payout, currency, revision + 1, %s
FROM conversions WHERE dedup_key = %s
"""
_CHANGE = "UPDATE conversions SET status = %s, revision = revision + 1, updated_at = %s WHERE dedup_key = %s"
_HAND_OVER = """
INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind)
SELECT %s, dedup_key, %s, revision, %s FROM conversions WHERE dedup_key = %s
"""


def settings_of(url: str, name: str, **changes: str) -> BrokerSettings:
    """The settings of a broker with an exchange and a queue of the test."""
    named = {"POSTLEDGER_BROKER_EXCHANGE": name, "POSTLEDGER_BROKER_QUEUE": f"{name}.queue" if name else "", **changes}
    settings = read_broker_settings({"POSTLEDGER_BROKER_URL": url, **named})
    assert settings is not None
    return settings


class Reader:
    """Reads and changes what a broker has, as an operator or a consumer does."""

    def __init__(self, url: str) -> None:
        address = settings_of(url, "reader").address
        assert address is not None
        self._connection = amqp.Connection(
            f"{address.host}:{address.port}", userid=address.user, password=address.password, login_method="PLAIN",
            virtual_host=address.virtual_host,
        )  # fmt: skip
        self._connection.connect()
        self.channel = self._connection.channel()
        self.channel.auto_decode = False

    def take(self, queue: str) -> list[Any]:
        """Take every message out of a queue."""
        messages = []
        while (message := self.channel.basic_get(queue, no_ack=True)) is not None:
            messages.append(message)
        return messages

    def close(self) -> None:
        """Close the connection."""
        self._connection.collect()


class Publishing:
    """One worker's publisher, with a clock that a test sets."""

    def __init__(
        self, connection: Connection[Any], source_id: int, settings: BrokerSettings, confirm_within_s: float = 60
    ) -> None:
        self.connection, self._source_id, self.settings = connection, source_id, settings
        self.now = START
        self.outcomes: list[Outcome] = []
        self.broker = AmqpBroker(settings, confirm_within_s=PATIENT_S)
        self.publisher = Publisher(self.broker, settings.routing_key, self._report, clock=lambda _: self.now)

    def book(self, click_id: str = "click-1", event: str = "sale") -> str:
        """Book a conversion, and return its dedup key."""
        receipt = new_receipt()
        values = (receipt, receipt, self._source_id, event, click_id, self.now, self.now)
        self.connection.execute(_CONVERSION, values)
        self.hand_over(receipt, receipt, "opened")
        return receipt

    def change(self, dedup_key: str, status: str) -> None:
        """Change the status of a conversion."""
        receipt, self.now = new_receipt(), self.now + timedelta(milliseconds=1)
        with self.connection.transaction():
            self.connection.execute(_HISTORY, (receipt, status, self.now, dedup_key))
            self.connection.execute(_CHANGE, (status, self.now, dedup_key))
            self.hand_over(dedup_key, receipt, "updated")

    def hand_over(self, dedup_key: str, receipt: str, kind: str) -> None:
        """Put a conversion into the outbox."""
        self.connection.execute(_HAND_OVER, (self.now, receipt, kind, dedup_key))

    def queue(self) -> None:
        """Do what the dispatcher of a worker does, until the outbox is empty."""
        while dispatch(self.connection, [queue_publications]):
            pass

    def work(self) -> None:
        """Queue and publish all that is due."""
        self.queue()
        while self.publisher.work(self.connection):
            pass

    def received(self) -> list[ConversionEvent]:
        """Take what has arrived in the queue."""
        return [decode(message.body) for message in self.take()]

    def take(self) -> list[Any]:
        """Take the messages of the queue."""
        with closing(Reader(self.settings.url)) as reader:
            return reader.take(self.settings.queue or "")

    def waiting(self) -> int:
        """How many publications wait."""
        row = self.connection.execute("SELECT count(*) FROM publications WHERE published_at IS NULL").fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """Close the connection to the broker."""
        self.publisher.close(self.connection)

    def _report(self, _publication: Publication, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
