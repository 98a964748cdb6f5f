"""Every change reaches the broker at least once, in the order of its conversion, as it stands when it is sent."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.publishing.broker import Fault, Outcome
from postledger.outgoing.publishing.message import decode
from postledger.outgoing.publishing.publisher import Publisher
from postledger.platform.postgres.connection import connect
from postledger.platform.work_loop import Unavailable
from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Status
from tests.parts.certificates import make_key_and_certificate
from tests.parts.conversion_events import find_faults
from tests.parts.entries import new_receipt
from tests.parts.publishing import START, Publishing, Reader, settings_of
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.sources import add_source
from tests.parts.waiting import HANGS_AFTER_S


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def source_id(database: str, master_key: str) -> int:
    return add_source(database, master_key, "acme")


@pytest.fixture
def name() -> str:
    return f"test-{new_receipt()}"


@pytest.fixture
def publishing(ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ, name: str) -> Iterator[Publishing]:
    with closing(Publishing(ledger, source_id, settings_of(rabbitmq.url, name))) as publishing:
        yield publishing


@pytest.fixture
def reader(rabbitmq: RabbitMQ) -> Iterator[Reader]:
    with closing(Reader(rabbitmq.url)) as reader:
        yield reader


def test_the_first_change_has_the_time_that_its_source_sent(publishing: Publishing) -> None:
    key = publishing.book()
    publishing.connection.execute("UPDATE conversions SET event_time = %s", (START,))
    publishing.work()
    publishing.change(key, "approved")
    publishing.work()

    assert [event.change.event_time for event in publishing.received()] == [START, None]


def test_a_change_is_published_with_its_conversion(publishing: Publishing) -> None:
    key = publishing.book()

    publishing.work()

    (event,) = publishing.received()
    assert (event.dedup_key, event.receipt, event.kind, event.revision) == (key, key, "opened", 1)
    assert (event.conversion.source, event.conversion.click_id, event.conversion.status) == (
        "acme",
        "click-1",
        "pending",
    )
    assert event.change.before is None
    assert (publishing.waiting(), publishing.outcomes) == (0, [Outcome.PUBLISHED])


def test_each_change_says_what_it_did_and_where_the_conversion_stands(publishing: Publishing) -> None:
    key = publishing.book()
    publishing.change(key, "approved")
    publishing.change(key, "reversed")

    publishing.work()

    events = publishing.received()
    assert [(event.revision, event.change.status, event.conversion.revision) for event in events] == [
        (1, "pending", 3), (2, "approved", 3), (3, "reversed", 3)
    ]  # fmt: skip
    assert [event.change.before and event.change.before.status for event in events] == [None, "pending", "approved"]
    assert {event.conversion.status for event in events} == {Status.REVERSED}


def test_a_message_is_persistent_and_names_its_change(publishing: Publishing) -> None:
    key = publishing.book(event="first.deposit")

    publishing.work()

    (message,) = publishing.take()
    properties = message.properties
    assert find_faults(json.loads(message.body)) == []
    assert message.delivery_info["routing_key"] == "conversions.acme.first_deposit"
    assert (properties["delivery_mode"], properties["message_id"]) == (2, f"{key}/{key}")
    assert (properties["type"], properties["content_type"]) == ("conversion-event-1", "application/json")
    assert properties["application_headers"] == {"source": "acme", "event": "first.deposit", "kind": "opened"}


def test_what_was_erased_while_it_waited_is_not_sent(publishing: Publishing) -> None:
    publishing.book("secret-click")
    publishing.queue()
    publishing.connection.execute("UPDATE conversions SET click_id = %s", (FORGOTTEN,))

    publishing.work()

    (message,) = publishing.take()
    assert b"secret-click" not in message.body
    assert b'"payout":"2.50"' in message.body


def test_a_backfilled_conversion_is_published_too(publishing: Publishing) -> None:
    keys, task = [publishing.book(), publishing.book()], new_receipt()
    publishing.work()
    publishing.received()
    for key in keys:
        publishing.hand_over(key, task, "backfilled")

    publishing.work()

    events = publishing.received()
    assert {(event.dedup_key, event.kind, event.receipt) for event in events} == {
        (key, "backfilled", task) for key in keys
    }


def test_the_self_test_is_not_published(
    ledger: Connection[Any], database: str, master_key: str, rabbitmq: RabbitMQ, name: str
) -> None:
    selftest = add_source(database, master_key, SELFTEST)
    with closing(Publishing(ledger, selftest, settings_of(rabbitmq.url, name))) as publishing:
        publishing.book()
        publishing.work()

    assert publishing.outcomes == []


def test_one_worker_publishes_at_a_time(publishing: Publishing, database: str, source_id: int) -> None:
    publishing.work()
    publishing.book()
    publishing.queue()

    with connect(database, name="other", statement_timeout_ms=60_000) as connection:
        other = Publishing(connection, source_id, publishing.settings)
        assert other.publisher.work(connection) == 0

    assert publishing.waiting() == 1


def test_a_message_that_no_queue_takes_is_sent_when_one_does(publishing: Publishing, reader: Reader) -> None:
    publishing.book()
    publishing.broker.open()
    reader.channel.queue_delete(publishing.settings.queue)

    publishing.work()
    assert (publishing.outcomes, publishing.waiting()) == ([Outcome.RETURNED], 1)
    publishing.now += timedelta(seconds=1)
    publishing.work()

    assert len(publishing.received()) == 1
    assert (publishing.outcomes[1:], publishing.waiting()) == ([Outcome.PUBLISHED], 0)


def test_a_deleted_exchange_is_declared_again(publishing: Publishing, reader: Reader) -> None:
    publishing.work()
    publishing.book()
    reader.channel.exchange_delete(publishing.settings.exchange)

    with pytest.raises(Unavailable):
        publishing.work()
    publishing.work()

    assert len(publishing.received()) == 1


def test_a_later_change_never_overtakes_one_that_was_refused(publishing: Publishing, reader: Reader) -> None:
    publishing.broker.open()
    key = publishing.book()
    reader.channel.queue_delete(publishing.settings.queue)
    publishing.work()

    publishing.change(key, "approved")
    publishing.book("other")
    publishing.work()
    assert [event.conversion.click_id for event in publishing.received()] == ["other"]
    publishing.now += timedelta(seconds=1)
    publishing.work()

    assert [event.revision for event in publishing.received()] == [1, 2]


def test_a_later_change_waits_in_the_same_batch_too(
    ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ, reader: Reader, name: str
) -> None:
    settings = settings_of(
        rabbitmq.url, name, POSTLEDGER_BROKER_QUEUE="off", POSTLEDGER_BROKER_ROUTING_KEY="{status}"
    )  # fmt: skip
    with closing(Publishing(ledger, source_id, settings)) as publishing:
        publishing.broker.open()
        queue = reader.channel.queue_declare(auto_delete=False, exclusive=True).queue
        reader.channel.queue_bind(queue, name, "approved")
        publishing.change(publishing.book(), "approved")
        publishing.work()
        assert (reader.take(queue), publishing.waiting()) == ([], 2)

        reader.channel.queue_bind(queue, name, "pending")
        publishing.now += timedelta(seconds=1)
        publishing.work()
        assert [decode(message.body).revision for message in reader.take(queue)] == [1, 2]


def test_a_full_queue_refuses_until_there_is_room(publishing: Publishing, reader: Reader, name: str) -> None:
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    reader.channel.queue_declare(f"{name}.full", auto_delete=False, arguments=limits)
    publishing.settings = settings_of(
        publishing.settings.url, "", POSTLEDGER_BROKER_EXCHANGE="off", POSTLEDGER_BROKER_QUEUE=f"{name}.full",
        POSTLEDGER_BROKER_TOPOLOGY="check",
    )  # fmt: skip
    full = Publishing(publishing.connection, 1, publishing.settings)
    full.book("first")
    full.book("second")

    with closing(full):
        full.work()
        assert full.outcomes.count(Outcome.REFUSED) == 1
        received = full.received()
        full.now += timedelta(seconds=1)
        full.work()
        received += full.received()

    assert sorted(event.conversion.click_id for event in received) == ["first", "second"]


def test_a_queue_that_does_not_exist_is_reported(publishing: Publishing, name: str) -> None:
    settings = settings_of(publishing.settings.url, f"{name}.none", POSTLEDGER_BROKER_TOPOLOGY="check")

    with pytest.raises(Unavailable) as raised:
        Publishing(publishing.connection, 1, settings).work()

    assert raised.value.cause == Fault.MISSING


def test_a_queue_with_other_properties_is_reported(publishing: Publishing, reader: Reader, name: str) -> None:
    publishing.broker.open()
    settings = settings_of(publishing.settings.url, name, POSTLEDGER_BROKER_DURABLE="off")

    with pytest.raises(Unavailable) as raised:
        Publishing(publishing.connection, 1, settings).work()

    assert raised.value.cause == Fault.DIFFERENT


def test_a_session_is_never_silent_while_the_broker_is_away(ledger: Connection[Any]) -> None:
    publishing = Publishing(ledger, 1, settings_of("amqp://u:p@127.0.0.1:1/", "x"))
    times = iter([START] * 3)
    publishing.publisher = Publisher(publishing.broker, "x", lambda *_: None, clock=lambda _: next(times))

    for _ in range(3):
        with pytest.raises(Unavailable):
            publishing.publisher.work(ledger)

    assert next(times, None) is None


@pytest.mark.parametrize(
    ("trusts", "fault"), [(False, Fault.CERTIFICATE), (True, Fault.UNREACHABLE)], ids=["stranger", "known"]
)
def test_an_encrypted_broker_must_have_a_certificate_that_is_trusted(
    ledger: Connection[Any], tmp_path: Path, trusts: bool, fault: Fault
) -> None:
    pem = tmp_path / "broker.pem"
    pem.write_text(make_key_and_certificate("localhost", "ec", timedelta(days=1)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:
        # It speaks TLS, and no AMQP: it ends each connection after the handshake.
        thread = Thread(target=shake_hands, args=(server, context))
        thread.start()
        url = f"amqps://u:p@localhost:{server.getsockname()[1]}/"
        settings = settings_of(url, "x", **({"POSTLEDGER_BROKER_CA_FILE": str(pem)} if trusts else {}))

        with pytest.raises(Unavailable) as raised:
            Publishing(ledger, 1, settings).work()
        thread.join(HANGS_AFTER_S)

    assert raised.value.cause == fault


def shake_hands(server: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = server.accept()
    with suppress(OSError), context.wrap_socket(connection, server_side=True):
        pass


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("amqp://postledger:wrong@127.0.0.1:{port}//", Fault.LOGIN),
        ("amqp://postledger:{password}@127.0.0.1:{port}/nowhere", Fault.VIRTUAL_HOST),
        ("amqp://postledger:{password}@127.0.0.1:1//", Fault.UNREACHABLE),
        ("amqps://postledger:{password}@127.0.0.1:{port}//", Fault.UNREACHABLE),
    ],
)
def test_a_broker_that_cannot_be_used_is_reported(
    ledger: Connection[Any], rabbitmq: RabbitMQ, url: str, fault: Fault
) -> None:
    password = rabbitmq.url.split(":")[2].split("@")[0]
    settings = settings_of(url.format(password=password, port=rabbitmq.port), "x")

    with pytest.raises(Unavailable) as raised:
        Publishing(ledger, 1, settings).work()

    assert raised.value.cause == fault
    assert password not in repr(raised.value) + repr(settings) + repr(settings.address)
