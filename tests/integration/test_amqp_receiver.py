"""A consumer settles each message once, whichever of a batch it rejects, and whatever its properties are."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import amqp
import pytest

from postledger.outgoing.consuming.amqp_receiver import AmqpReceiver
from postledger.outgoing.consuming.receiver import LARGEST_BYTES, Received
from postledger.platform.broker_settings import read_broker_settings
from tests.parts.broker_queue import BrokerQueue
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until

BAD = b"bad"


class Nested(amqp.Message):  # type: ignore[misc]
    """A message whose headers are nested deeper than py-amqp can read, or write."""

    def _serialize_properties(self) -> bytes:
        table = b""
        for _ in range(2000):
            table = b"\x01xF" + len(table).to_bytes(4, "big") + table
        return b"\x20\x00" + len(table).to_bytes(4, "big") + table


@pytest.fixture
def queue(rabbitmq: RabbitMQ) -> Iterator[BrokerQueue]:
    queue = BrokerQueue(rabbitmq)
    queue.declare()
    yield queue
    queue.delete()


@pytest.fixture
def receiver(queue: BrokerQueue) -> Iterator[AmqpReceiver]:
    settings = read_broker_settings(queue.environment)
    assert settings is not None
    with closing(AmqpReceiver(settings)) as receiver:
        yield receiver


def receive(receiver: AmqpReceiver, number: int) -> Sequence[Received]:
    received: Sequence[Received] = []
    while len(received) < number:
        received = receiver.receive()
    return received


@pytest.mark.parametrize("kinds", ["b", "gggb", "gbgbg", "bggg", "bb"])
def test_each_message_of_a_batch_is_settled_once(queue: BrokerQueue, receiver: AmqpReceiver, kinds: str) -> None:
    for _ in range(2):
        queue.put(*(BAD if kind == "b" else b"good" for kind in kinds))
        received = receive(receiver, len(kinds))
        receiver.settle(received, [message for message in received if message.body == BAD])
        wait_until(lambda: queue.unsettled() == 0, what="the end of every message")

    queue.put(b"after")
    assert [(message.body, message.handle) for message in receive(receiver, 1)] == [(b"after", 2 * len(kinds) + 1)]


@pytest.mark.parametrize(
    "message",
    [amqp.Message(b"+2AA-", content_encoding="utf-7"), amqp.Message(b"+2AA-", timestamp=2**62), Nested(b"+2AA-")],
    ids=["utf-7", "timestamp", "nested"],
)
def test_properties_of_a_message_are_never_read(
    queue: BrokerQueue, receiver: AmqpReceiver, message: amqp.Message
) -> None:
    with queue.open() as channel:
        channel.basic_publish(message, "", queue.name)

    assert [message.body for message in receive(receiver, 1)] == [b"+2AA-"]


def test_a_routing_key_may_be_any_bytes(queue: BrokerQueue, receiver: AmqpReceiver) -> None:
    assert receiver.receive() == []  # it has bound the queue
    with queue.open() as channel:
        channel.basic_publish(amqp.Message(b"x"), queue.exchange, b"\xff")

    assert [message.body for message in receive(receiver, 1)] == [b"x"]


def test_of_a_message_that_is_too_large_nothing_is_kept(queue: BrokerQueue, receiver: AmqpReceiver) -> None:
    queue.put(b"x" * (LARGEST_BYTES + 1), b"")

    assert [message.body for message in receive(receiver, 2)] == [b"", b""]
