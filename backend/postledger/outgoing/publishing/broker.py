"""What the publisher knows of a broker: messages go in, and an outcome for each comes out.

Two implementations exist: `amqp_broker.py` speaks to RabbitMQ, `kombu_broker.py` to whatever else Kombu knows.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class Outcome(StrEnum):
    """What a broker made of one message. The values are labels of a metric, so the list is closed."""

    PUBLISHED = "published"
    """The broker has confirmed that it keeps the message."""
    RETURNED = "returned"
    """No queue takes messages with this routing key."""
    REFUSED = "refused"
    """The broker did not accept the message, as a queue that is full does."""
    UNCONFIRMED = "unconfirmed"
    """The connection was lost before the confirm, or it did not come in time. The message may have arrived."""


class Fault(StrEnum):
    """Why a broker cannot be used."""

    UNREACHABLE = "unreachable"
    LOGIN = "login"
    CERTIFICATE = "certificate"
    PERMISSION = "permission"
    VIRTUAL_HOST = "virtual_host"
    MISSING = "missing"
    DIFFERENT = "different"
    BLOCKED = "blocked"
    UNCONFIRMED = "unconfirmed"
    LOST = "lost"


ADVICE = {
    Fault.UNREACHABLE: "nothing answers at POSTLEDGER_BROKER_URL; start the broker, or correct it",
    Fault.LOGIN: "the broker rejects the user or the password in POSTLEDGER_BROKER_URL; correct it",
    Fault.CERTIFICATE: "the broker's certificate is not trusted; set POSTLEDGER_BROKER_CA_FILE, or correct its name",
    Fault.PERMISSION: "the user in POSTLEDGER_BROKER_URL may not do this; give it the permissions in docs/queue.md",
    Fault.VIRTUAL_HOST: "the virtual host in POSTLEDGER_BROKER_URL does not exist or is closed to its user; correct it",
    Fault.MISSING: "the exchange or the queue does not exist; create it, or set POSTLEDGER_BROKER_TOPOLOGY=declare",
    Fault.DIFFERENT: "the exchange or the queue exists with other properties; set POSTLEDGER_BROKER_TOPOLOGY=check",
    Fault.BLOCKED: "the broker takes no messages, its disk or its memory is full; free some",
    Fault.UNCONFIRMED: "the broker did not confirm in time; look at its log",
    Fault.LOST: "the broker closed the connection, or it broke; look at its log",
}


class BrokerFailed(Exception):
    """The broker cannot be used now. The message says why, and never quotes the broker or the URL."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(ADVICE[fault])
        self.fault, self.advice = fault, ADVICE[fault]


class Message(msgspec.Struct, frozen=True):
    """One message. `id` is the same for each repeat. Messages with one `group` are in order."""

    id: str
    group: str
    routing_key: str
    body: bytes
    time: datetime
    attributes: dict[str, str]


class Sent(msgspec.Struct, frozen=True):
    """The outcome of each message, and the fault if the broker could not be used to the end."""

    outcomes: Sequence[Outcome]
    fault: Fault | None = None


class Broker(Protocol):
    """A connection to a broker. `open` and `prepare` raise `BrokerFailed`. Close a broker that failed."""

    batch: int
    """How many messages are sent at once, so that sending and confirming them takes less than half a minute."""

    def open(self) -> None:
        """Connect, and declare or check exchange and queue. Does nothing on a connection that works."""

    def publish(self, messages: Sequence[Message]) -> Sent:
        """Send messages and wait until the broker has confirmed them, or does not in time."""

    def prepare(self) -> None:
        """Declare or check exchange and queue again."""

    def keep_alive(self) -> None:
        """Answer what the broker asks between messages. Raises `BrokerFailed` if the connection is lost."""

    def close(self) -> None:
        """Close the connection. It never fails."""
