"""`postledger forwards backfill` sends the changes of the past: each once, as it was, and after what is live."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.rules.forward import Match
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.statuses import Status
from tests.parts.cli import CommandLine
from tests.parts.forwarding import Forwarding
from tests.parts.sinks import Sink
from tests.parts.sources import add_source

LONG_AGO = "2020-01-01"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def forwarding(ledger: Connection[Any], database: str, master_key: str) -> Forwarding:
    forwarding = Forwarding(ledger, add_source(database, master_key, "acme"))
    forwarding.now = datetime(2025, 1, 1, tzinfo=UTC)
    return forwarding


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


def book_past(forwarding: Forwarding, *statuses: str, click_id: str = "click-1") -> str:
    """Book a conversion of the past, and its changes; no delivery is left of it."""
    key = forwarding.book(click_id)
    for status in statuses:
        forwarding.change(key, status)
    forwarding.connection.execute("DELETE FROM deliveries")
    return key


def test_a_dry_run_counts_by_status_and_queues_nothing(cli: CommandLine, forwarding: Forwarding) -> None:
    forwarding.add_forward("voluum", "http://track.example")
    book_past(forwarding, "reversed")

    ran = cli("forwards", "backfill", "voluum", "--since", LONG_AGO, "--rate", "1", "--dry-run")

    assert ran.out == "would queue 2 deliveries (1 approved, 1 reversed), sent within 0:00:02 (h:m:s)\n"
    assert forwarding.states() == []


def test_each_past_change_is_sent_once_as_it_was(cli: CommandLine, forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + "/{status}", match=Match(status=(Status.APPROVED, Status.REJECTED)))
    book_past(forwarding, "reversed", "rejected")

    assert cli("forwards", "backfill", "voluum", "--since", LONG_AGO).out == (
        "queued 2 deliveries (1 approved, 1 rejected)\n"
    )
    assert cli("forwards", "backfill", "voluum", "--since", LONG_AGO, "--json").facts["deliveries"] == 0
    forwarding.now = datetime.now(UTC) + timedelta(seconds=1)
    forwarding.work()

    assert sink.targets == ["/approved", "/rejected"]
    marks = forwarding.connection.execute("SELECT DISTINCT is_backfill FROM deliveries").fetchall()
    assert marks == [(True,)]


def test_a_rate_spreads_them(cli: CommandLine, forwarding: Forwarding) -> None:
    forwarding.add_forward("voluum", "http://track.example")
    for number in range(5):
        book_past(forwarding, click_id=f"click-{number}")

    cli("forwards", "backfill", "voluum", "--since", LONG_AGO, "--rate", "2")

    span = forwarding.connection.execute("SELECT max(due_at) - min(due_at) FROM deliveries").fetchone()
    assert span == (timedelta(seconds=2),)


def test_only_changes_since_the_time_are_queued(cli: CommandLine, forwarding: Forwarding) -> None:
    forwarding.add_forward("voluum", "http://track.example")
    book_past(forwarding)

    assert cli("forwards", "backfill", "voluum", "--since", "1d", "--json").facts == {
        "deliveries": 0, "statuses": {}, "takes_s": None,
    }  # fmt: skip


def test_a_live_change_hurries_the_earlier_ones(cli: CommandLine, forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + "/{click_id}/{status}")
    book_past(forwarding, click_id="first")
    key = book_past(forwarding, click_id="second")
    cli("forwards", "backfill", "voluum", "--since", LONG_AGO, "--rate", "1")
    forwarding.connection.execute("UPDATE deliveries SET due_at = due_at + interval '1 day'")
    forwarding.now = datetime.now(UTC) + timedelta(seconds=1)

    forwarding.dispatch(key, "reversed")
    forwarding.work()

    assert sink.targets == ["/second/approved", "/second/reversed"]
