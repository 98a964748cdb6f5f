"""What a broker can do to the publisher: lose a confirm, vanish, fill up. Every change arrives, and nothing hangs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.publishing.broker import Fault, Outcome
from postledger.outgoing.publishing.publications import read_waiting
from postledger.platform.postgres.connection import connect
from postledger.platform.work_loop import Unavailable
from tests.parts.entries import new_receipt
from tests.parts.lossy_proxy import LossyProxy
from tests.parts.publishing import Publishing, settings_of
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

SOON_S, PATIENT_S = 0.2, 60
REFUSED = """
INSERT INTO publications (dedup_key, receipt, revision, kind, received_at, refusals, due_at)
SELECT md5(number::text)::uuid, md5(number || 'id')::uuid, 1, 'opened', %(due)s - interval '1 day', 3, %(due)s
FROM generate_series(1, 2000) AS number
"""
ROWS_READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'publications'"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def source_id(database: str, master_key: str) -> int:
    return add_source(database, master_key, "acme")


@pytest.fixture
def proxy(rabbitmq: RabbitMQ) -> Iterator[LossyProxy]:
    with LossyProxy(rabbitmq.port) as proxy:
        yield proxy


def publishing_through(proxy: LossyProxy, ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ) -> Publishing:
    url = rabbitmq.url.replace(f":{rabbitmq.port}/", f":{proxy.port}/")
    return Publishing(ledger, source_id, settings_of(url, f"test-{new_receipt()}"))


def lose(proxy: LossyProxy, publishing: Publishing) -> None:
    proxy.loses.set()
    publishing.broker.confirm_within_s = SOON_S


def lose_nothing(proxy: LossyProxy, publishing: Publishing) -> None:
    proxy.loses.clear()
    publishing.broker.confirm_within_s = PATIENT_S


def fail(publishing: Publishing) -> str:
    """Work until the broker fails, and return its fault."""
    with pytest.raises(Unavailable) as raised:
        publishing.work()
    return raised.value.cause


def test_a_confirm_that_is_lost_is_not_waited_for_for_ever(
    proxy: LossyProxy, ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ
) -> None:
    with closing(publishing_through(proxy, ledger, source_id, rabbitmq)) as publishing:
        publishing.broker.open()
        key = publishing.book()
        lose(proxy, publishing)

        fault = fail(publishing)

        assert (fault, publishing.outcomes, publishing.waiting()) == (Fault.UNCONFIRMED, [Outcome.UNCONFIRMED], 1)
        lose_nothing(proxy, publishing)
        publishing.change(key, "approved")
        publishing.work()
        revisions = [event.revision for event in publishing.received()]
        assert revisions == [1, 1, 2]


def test_a_repeat_after_a_lost_confirm_has_the_same_name(
    proxy: LossyProxy, ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ
) -> None:
    with closing(publishing_through(proxy, ledger, source_id, rabbitmq)) as publishing:
        publishing.broker.open()
        publishing.book()
        lose(proxy, publishing)
        fail(publishing)
        lose_nothing(proxy, publishing)
        publishing.work()

        first, second = publishing.take()

    assert first.properties["message_id"] == second.properties["message_id"]
    assert first.body == second.body


def test_after_a_lost_confirm_one_message_is_tried_before_all(
    proxy: LossyProxy, ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ
) -> None:
    with closing(publishing_through(proxy, ledger, source_id, rabbitmq)) as publishing:
        publishing.broker.open()
        for _ in range(5):
            publishing.book()
        lose(proxy, publishing)
        fail(publishing)
        sent = len(publishing.outcomes)
        lose_nothing(proxy, publishing)
        publishing.publisher.work(ledger)

    assert (sent, publishing.outcomes[5:], publishing.waiting()) == (5, [Outcome.PUBLISHED], 4)


def test_a_connection_that_breaks_while_idle_is_made_again(
    proxy: LossyProxy, ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ
) -> None:
    with closing(publishing_through(proxy, ledger, source_id, rabbitmq)) as publishing:
        publishing.work()
        proxy.cut()

        wait_until(lambda: is_lost(publishing), what="the end of the connection")
        publishing.book()
        publishing.work()

        assert len(publishing.received()) == 1


def is_lost(publishing: Publishing) -> bool:
    try:
        publishing.work()
    except Unavailable as away:
        return away.cause == Fault.LOST
    return False


def test_a_broker_without_room_is_waited_for(ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ) -> None:
    with closing(Publishing(ledger, source_id, settings_of(rabbitmq.url, f"test-{new_receipt()}"))) as publishing:
        publishing.work()
        rabbitmq.control("set_disk_free_limit", "mem_relative", "1000000")
        try:
            publishing.book()
            wait_until(lambda: is_blocked(publishing), what="a full broker")
            connection = publishing.broker._connection
            assert is_blocked(publishing)
            assert publishing.broker._connection is connection
        finally:
            rabbitmq.control("set_disk_free_limit", "1MB")
        wait_until(lambda: is_published(publishing), what="room")

        assert {event.conversion.click_id for event in publishing.received()} == {"click-1"}


def is_blocked(publishing: Publishing) -> bool:
    try:
        publishing.work()
    except Unavailable as away:
        return away.cause == Fault.BLOCKED
    return False


def is_published(publishing: Publishing) -> bool:
    publishing.now += timedelta(seconds=1)
    return not is_blocked(publishing) and publishing.waiting() == 0


def test_one_batch_at_most_is_read_whatever_waits(ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ) -> None:
    with closing(Publishing(ledger, source_id, settings_of(rabbitmq.url, f"test-{new_receipt()}"))) as publishing:
        publishing.broker.batch = 3
        for _ in range(7):
            publishing.book()
        publishing.queue()

        assert [publishing.publisher.work(ledger) for _ in range(4)] == [3, 3, 1, 0]


@pytest.mark.parametrize("is_retry", [False, True])
def test_reading_a_batch_does_not_walk_what_was_refused(
    ledger: Connection[Any], source_id: int, rabbitmq: RabbitMQ, is_retry: bool
) -> None:
    publishing = Publishing(ledger, source_id, settings_of(rabbitmq.url, "x"))
    publishing.book()
    publishing.queue()
    ledger.execute(REFUSED, {"due": publishing.now + timedelta(minutes=1)})
    ledger.execute("ANALYZE publications")
    ledger.execute("SET enable_seqscan = off")
    ledger.execute("SET plan_cache_mode = force_custom_plan")

    with ledger.transaction():
        (before,) = ledger.execute(ROWS_READ).fetchone() or (0,)
        read = read_waiting(ledger, limit=500, retries=50 * is_retry, now=publishing.now)
        (after,) = ledger.execute(ROWS_READ).fetchone() or (0,)

    assert len(read) == 1
    assert after - before < 50
