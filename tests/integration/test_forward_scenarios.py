"""The scenarios of forwards that receivers and attackers make, from the first failure to the end."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.conclusion import Outcome
from postledger.outgoing.operate import set_circuit
from postledger.outgoing.rules.circuit import OPENS_AFTER
from postledger.platform.postgres.connection import connect
from tests.parts.forwarding import Forwarding
from tests.parts.sinks import Reply, Sink
from tests.parts.sources import add_source


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def test_partner_down_for_a_day(ledger: Connection[Any], database: str, master_key: str) -> None:
    forwarding = Forwarding(ledger, add_source(database, master_key, "acme"))
    with Sink(Reply(500)) as down, Sink() as other:
        forwarding.add_forward("down", down.url, switch_off_after_s=5 * 86400)
        forwarding.add_forward("other", other.url)
        for number in range(30):
            forwarding.book(f"click-{number}", forward="down")

        for hour in range(24):  # it waits, and others are never late
            forwarding.book(f"other-{hour}", forward="other")
            forwarding.pass_time(hours=1)
            assert forwarding.states("other") == ["delivered"] * (hour + 1)
        assert forwarding.states("down") == ["waiting"] * 30
        assert OPENS_AFTER + 23 <= len(down.asked) <= 30 + 24

        down.reply = Reply(503, {"Retry-After": "120"})  # it honours that
        forwarding.pass_time(minutes=1)
        (due_s,) = _waits_s(forwarding, "503")
        assert due_s == 120

        down.reply = Reply(410)  # it is final
        forwarding.pass_time(minutes=1)
        assert sorted(forwarding.states("down")) == ["failed"] + ["waiting"] * 29

        down.reply = Reply(500)  # it is switched off after five days
        for _ in range(25):
            forwarding.pass_time(hours=4)
        asked = len(down.asked)
        assert (forwarding.circuit("down"), forwarding.switched_off) == ("off", ["down"])
        forwarding.pass_time(days=3)
        assert len(down.asked) == asked

        down.reply = Reply()  # resumed, it goes on where it stopped
        set_circuit(ledger, "down", is_on=True)
        forwarding.work()
    assert sorted(forwarding.states("down")) == ["delivered"] * 29 + ["failed"]
    assert len({asked.headers["webhook-id"] for asked in down.asked}) == 30


def _waits_s(forwarding: Forwarding, status: str) -> list[float]:
    """How long each delivery waits whose last attempt had this status."""
    rows = forwarding.connection.execute(
        "SELECT extract(epoch FROM due_at - %s)::float FROM deliveries WHERE state = 'waiting' AND EXISTS ("
        " SELECT FROM delivery_attempts AS last WHERE last.receipt = deliveries.receipt"
        " AND last.attempt = deliveries.attempts AND last.http_status = %s::int)",
        (forwarding.now, status),
    )
    return [seconds for (seconds,) in rows]


def test_ssrf(ledger: Connection[Any], database: str, master_key: str) -> None:
    answers: list[Sequence[str]] = []

    def resolve(_host: str, _port: int) -> Sequence[str]:
        if not answers:
            raise socket.gaierror
        return answers.pop()

    forwarding = Forwarding(ledger, add_source(database, master_key, "acme"), resolve)
    with Sink() as inner, Sink(Reply(302, {"Location": inner.url})) as redirecting:
        port = inner.port
        for slug, url in {
            "metadata": "http://169.254.169.254/latest",
            "mapped": "http://[::ffff:10.0.0.1]/",
            "rebinding": f"http://track.example:{port}/",
        }.items():
            forwarding.add_forward(slug, url, allow_private=False)
            forwarding.book(forward=slug)
        forwarding.add_forward("redirecting", redirecting.url)
        forwarding.book(forward="redirecting")
        forwarding.work()
        answers.append(["127.0.0.1"])
        forwarding.pass_time(seconds=30)

    assert inner.asked == []
    assert forwarding.attempts("metadata") == [(1, None, "blocked_metadata"), (2, None, "blocked_metadata")]
    assert forwarding.attempts("mapped") == [(1, None, "blocked_embedded_ipv4"), (2, None, "blocked_embedded_ipv4")]
    assert forwarding.attempts("rebinding") == [(1, None, "name"), (2, None, "blocked_loopback")]
    assert forwarding.attempts("redirecting") == [(1, 302, "redirect")]
    assert forwarding.outcomes.count(("rebinding", Outcome.BLOCKED)) == 1
    assert forwarding.outcomes.count(("metadata", Outcome.BLOCKED)) == 2
