"""What is sent, in which order and when: a ledger, real receivers, and a clock that the tests set."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import gevent
import pytest
from psycopg import Connection

from postledger.outgoing.conclusion import Outcome
from postledger.outgoing.leases import lease
from postledger.outgoing.rules.circuit import OPENS_AFTER
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.click import FORGOTTEN
from tests.parts.forwarding import Forwarding
from tests.parts.sinks import Asked, RawSink, Reply, Sink, hang
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

URL = "/p?cid={click_id}&status={status}&payout={payout}"

BACKLOG = """
INSERT INTO deliveries (dedup_key, forward, receipt, revision, is_backfill, state, attempts, due_at, created_at)
SELECT md5(number::text)::uuid, 'voluum', md5(number || 'id')::uuid, 1, false, 'waiting', 0, %(now)s, %(now)s
FROM generate_series(1, 2000) AS number
"""
ROWS_READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'deliveries'"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def forwarding(ledger: Connection[Any], database: str, master_key: str) -> Forwarding:
    return Forwarding(ledger, add_source(database, master_key, "acme"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


def test_a_delivery_is_sent_and_recorded(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + URL)
    forwarding.book()

    forwarding.work()

    assert sink.targets == ["/p?cid=click-1&status=approved&payout=2.50"]
    assert (forwarding.states(), forwarding.attempts()) == (["delivered"], [(1, 200, None)])
    assert forwarding.outcomes == [("voluum", Outcome.DELIVERED)]


def test_every_change_is_sent_in_order_as_it_was_then(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + "/{status}")
    key = forwarding.book()
    forwarding.change(key, "reversed")
    forwarding.change(key, "rejected")

    forwarding.work()

    assert sink.targets == ["/approved", "/reversed", "/rejected"]


def test_a_later_change_waits_until_the_earlier_is_settled(forwarding: Forwarding, sink: Sink) -> None:
    sink.reply = Reply(503)
    forwarding.add_forward("voluum", sink.url + "/{status}")
    key = forwarding.book()
    forwarding.change(key, "reversed")
    forwarding.work()
    assert sink.targets == ["/approved"]

    forwarding.pass_time(seconds=29)
    assert sink.targets == ["/approved"]
    due = forwarding.connection.execute("SELECT DISTINCT due_at FROM deliveries")
    assert due.fetchall() == [(forwarding.now + timedelta(seconds=1),)]

    sink.reply = Reply(200)
    forwarding.pass_time(seconds=1)
    assert sink.targets == ["/approved", "/approved", "/reversed"]
    assert forwarding.states() == ["delivered", "delivered"]


def test_nothing_is_sent_while_the_circuit_is_open(forwarding: Forwarding, sink: Sink) -> None:
    sink.reply = Reply(500)
    forwarding.add_forward("voluum", sink.url, concurrency=4)
    for number in range(40):
        forwarding.book(f"click-{number}")

    forwarding.work()
    assert forwarding.circuit() == "open"
    asked = len(sink.asked)
    assert OPENS_AFTER <= asked < OPENS_AFTER + 4

    forwarding.pass_time(seconds=59)
    assert len(sink.asked) == asked

    forwarding.pass_time(seconds=1)
    assert (len(sink.asked), forwarding.circuit()) == (asked + 1, "open")

    sink.reply = Reply()
    forwarding.pass_time(seconds=60)
    assert forwarding.circuit() == "closed"
    forwarding.pass_time(minutes=30)
    assert forwarding.states() == ["delivered"] * 40


def test_a_receiver_that_hangs_delays_no_other(forwarding: Forwarding, sink: Sink) -> None:
    with RawSink(hang) as hanging:
        forwarding.add_forward("hangs", hanging.url)
        forwarding.add_forward("voluum", sink.url)
        forwarding.book(forward="hangs")
        forwarding.book()

        while not forwarding.outcomes:
            forwarding.forwarder.work(forwarding.connection)

        assert (forwarding.states("hangs"), forwarding.states()) == (["waiting"], ["delivered"])
        assert hanging.count == 1


def test_another_worker_takes_over_when_the_first_ends(forwarding: Forwarding, sink: Sink, database: str) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.work()
    second = forwarding.make_forwarder()
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        forwarding.book()
        assert second.work(connection) == 0

        forwarding.connection.close()
        wait_until(lambda: second.work(connection) > 0, what="the right to send")
        while second.work(connection):
            pass

    assert len(sink.asked) == 1


def test_postgres_ends_the_session_of_a_worker_that_stands_still(forwarding: Forwarding) -> None:
    forwarding.work()

    assert forwarding.connection.execute("SHOW idle_session_timeout").fetchone() == ("45s",)


def test_what_a_killed_worker_leased_is_sent_after_a_minute(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()
    lease(forwarding.connection, "voluum", is_backfill=False, limit=8, now=forwarding.now)

    forwarding.pass_time(seconds=59)
    assert sink.asked == []

    forwarding.pass_time(seconds=1)
    assert forwarding.states() == ["delivered"]


def test_each_attempt_has_the_same_id(forwarding: Forwarding, sink: Sink) -> None:
    sink.reply = Reply(503)
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()
    forwarding.work()
    forwarding.pass_time(seconds=30)

    first, second = [asked.headers["webhook-id"] for asked in sink.asked]
    assert first == second


def test_a_stop_finishes_what_is_sent_and_gives_back_the_rest(forwarding: Forwarding) -> None:
    answers = threading.Event()

    def reply(_: Asked) -> Reply:
        answers.wait()
        return Reply()

    with Sink(reply) as sink:
        forwarding.add_forward("voluum", sink.url, concurrency=2, rate=0.2)
        forwarding.book("click-1")
        forwarding.book("click-2")
        while not sink.asked:
            forwarding.forwarder.work(forwarding.connection)
        stopping = gevent.spawn(forwarding.forwarder.close, forwarding.connection)
        gevent.sleep(0)
        answers.set()
        stopping.join()

    assert sorted(forwarding.states()) == ["delivered", "waiting"]
    leased = forwarding.connection.execute("SELECT count(*) FROM deliveries WHERE leased_until IS NOT NULL")
    assert leased.fetchone() == (0,)


def test_what_waits_for_a_retired_forward_is_discarded(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()
    forwarding.connection.execute("UPDATE forwards SET removed_at = now()")
    forwarding.targets = {}

    forwarding.work()

    assert (forwarding.states(), sink.asked) == (["discarded"], [])


def test_live_deliveries_come_before_back_filled_ones(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + "/{click_id}", concurrency=1)
    forwarding.book("old", is_backfill=True)
    forwarding.now += timedelta(seconds=1)
    forwarding.book("new")

    forwarding.work()

    assert sink.targets == ["/new", "/old"]


def test_a_forgotten_click_is_not_sent(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.book(FORGOTTEN)

    forwarding.work()

    assert (sink.asked, forwarding.states()) == ([], ["discarded"])
    assert forwarding.attempts() == [(1, None, "forgotten")]


def test_a_secret_that_cannot_be_read_keeps_the_delivery(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url, secrets=None)
    forwarding.book()

    forwarding.work()

    assert (forwarding.states(), forwarding.attempts()) == (["waiting"], [(1, None, "secret")])


def test_a_forward_that_is_configured_anew_is_used_at_once(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + "/old")
    forwarding.book()
    forwarding.work()
    forwarding.add_forward("voluum", sink.url + "/new")
    forwarding.book()
    forwarding.work()

    assert sink.targets == ["/old", "/new"]


def test_a_lease_reads_only_what_it_leases(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.work()
    forwarding.connection.execute(BACKLOG, {"now": forwarding.now})

    with forwarding.connection.transaction():
        lease(forwarding.connection, "voluum", is_backfill=False, limit=10, now=forwarding.now)
        read = forwarding.connection.execute(ROWS_READ).fetchone()

    assert read is not None
    assert 10 <= read[0] <= 100
