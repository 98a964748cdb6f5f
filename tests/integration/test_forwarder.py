"""What is sent, in which order and when: a ledger, real receivers, and a clock that the tests set."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.conclusion import Outcome
from postledger.platform.postgres.connection import connect
from tests.parts.forwarding import Forwarding
from tests.parts.sinks import Reply, Sink
from tests.parts.sources import add_source

URL = "/p?cid={click_id}&status={status}&payout={payout}"


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
    forwarding.work()
    forwarding.change(key, "reversed")
    forwarding.work()
    assert sink.targets == ["/approved"]

    forwarding.pass_time(seconds=29)
    assert sink.targets == ["/approved"]

    sink.reply = Reply(200)
    forwarding.pass_time(seconds=1)
    assert sink.targets == ["/approved", "/approved", "/reversed"]
    assert forwarding.states() == ["delivered", "delivered"]
