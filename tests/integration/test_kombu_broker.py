"""Kombu's transports take one message after the other, straight to the queue; here Kombu's own, in memory."""

from datetime import UTC, datetime

import kombu
import pytest
from msgspec.structs import replace

from postledger.outgoing.publishing.broker import BrokerFailed, Fault, Message, Outcome
from postledger.outgoing.publishing.kombu_broker import KombuBroker
from postledger.outgoing.publishing.open_broker import open_broker
from postledger.platform.broker_settings import BrokerSettings
from tests.parts.entries import new_receipt
from tests.parts.publishing import settings_of

MESSAGES = [
    Message(f"id-{number}", "group", "", b'{"number":%d}' % number, datetime.now(UTC), {"source": "acme"})
    for number in range(3)
]


@pytest.fixture
def settings() -> BrokerSettings:
    sqs = settings_of("sqs://k:s@127.0.0.1:1/", "", POSTLEDGER_BROKER_QUEUE=f"test-{new_receipt()}")
    return replace(sqs, url="memory://")


def test_messages_arrive_in_order_with_their_headers(settings: BrokerSettings) -> None:
    broker = KombuBroker(settings)
    broker.open()

    sent = broker.publish(MESSAGES)

    with kombu.Connection("memory://") as connection:
        queue = connection.SimpleQueue(settings.queue)
        received = [queue.get(block=False) for _ in MESSAGES]
    assert (sent.outcomes, sent.fault) == ([Outcome.PUBLISHED] * 3, None)
    assert [message.payload for message in received] == [{"number": number} for number in range(3)]
    assert [message.headers["source"] for message in received] == ["acme"] * 3
    assert [message.properties["message_id"] for message in received] == ["id-0", "id-1", "id-2"]


def test_what_follows_a_message_that_cannot_be_sent_waits(settings: BrokerSettings) -> None:
    broker = KombuBroker(settings)
    broker.open()

    sent = broker.publish([MESSAGES[0], replace(MESSAGES[1], body=b"\xff"), MESSAGES[2]])

    assert sent.outcomes == [Outcome.PUBLISHED, Outcome.UNCONFIRMED, Outcome.UNCONFIRMED]
    assert sent.fault is Fault.LOST


@pytest.mark.parametrize("topology", ["declare", "check"])
def test_an_sqs_that_does_not_answer_is_reported(topology: str) -> None:
    settings = settings_of("sqs://k:s@127.0.0.1:1/?region=eu-central-1", "", POSTLEDGER_BROKER_QUEUE="q")
    broker = open_broker(replace(settings, declares=topology == "declare"))

    with pytest.raises(BrokerFailed) as raised:
        broker.open()

    assert raised.value.fault is Fault.UNREACHABLE
