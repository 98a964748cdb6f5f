"""A queue of a test's own on the shared RabbitMQ, and messages in it."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import amqp
import msgspec

from tests.parts.databases import fetch
from tests.parts.rabbitmq import RabbitMQ

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
"""When a change was received, unless a test says otherwise."""


class BrokerQueue:
    """An exchange and a durable queue with names of their own, as the settings `environment` say."""

    def __init__(self, rabbitmq: RabbitMQ) -> None:
        self._rabbitmq = rabbitmq
        suffix = secrets.token_hex(4)
        self.name, self.exchange = f"queue-{suffix}", f"exchange-{suffix}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the broker."""
        return {
            "POSTLEDGER_BROKER_URL": self._rabbitmq.url,
            "POSTLEDGER_BROKER_EXCHANGE": self.exchange,
            "POSTLEDGER_BROKER_QUEUE": self.name,
        }

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Open a channel with publisher confirms."""
        parts = urlsplit(self._rabbitmq.url)
        connection = amqp.Connection(
            f"127.0.0.1:{parts.port}", userid=parts.username, password=parts.password, confirm_publish=True
        )
        connection.connect()
        with closing(connection):
            yield connection.channel()

    def declare(self, **arguments: Any) -> None:
        """Make the queue, as the consumer does. `arguments` are such as `x-dead-letter-exchange`."""
        with self.open() as channel:
            channel.queue_declare(self.name, durable=True, auto_delete=False, arguments=arguments)

    def put(self, *bodies: bytes) -> None:
        """Publish persistent messages straight to the queue."""
        with self.open() as channel:
            for body in bodies:
                channel.basic_publish(amqp.Message(body, delivery_mode=2), "", self.name)

    def count(self) -> int:
        """How many messages wait that no consumer has."""
        with self.open() as channel:
            return int(channel.queue_declare(self.name, passive=True).message_count)

    def unsettled(self) -> int:
        """How many messages are not acknowledged, also those that a consumer has once no other is left."""
        if waiting := self.count():  # `rabbitmqctl` takes a second of each core
            return waiting
        listed = self._rabbitmq.control("list_queues", "name", "messages").splitlines()
        return int(dict(line.split("\t") for line in listed)[self.name])

    def delete(self) -> None:
        """Delete the queue with all that is in it."""
        with self.open() as channel:
            channel.queue_delete(self.name)


def message_of(dedup_key: str, receipt: str, revision: int = 1, **others: object) -> bytes:
    """The part of a published change that a mapper needs. `others` are values that differ from the usual ones."""
    usual = {"version": 1, "kind": "opened", "received_at": AT}
    ids = {"dedup_key": dedup_key, "receipt": receipt, "revision": revision}
    return msgspec.json.encode(usual | others | ids)


def take_outbox(url: str) -> list[bytes]:
    """Take all changes out of the outbox, as a worker does that leaves mapping to the broker."""
    rows = fetch(url, "DELETE FROM outbox RETURNING dedup_key::text, receipt::text, revision, kind, received_at")
    return [message_of(*ids, kind=kind, received_at=received_at) for *ids, kind, received_at in rows]
