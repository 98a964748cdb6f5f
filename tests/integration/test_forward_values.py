"""What a delivery sends of the click, and of the time: it is taken from the ledger when the delivery is leased."""

from collections.abc import Iterator

import pytest

from postledger.outgoing.leases import lease
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.forwarding import START, Forwarding
from tests.parts.sinks import Sink
from tests.parts.sources import add_source

CLICK = "INSERT INTO clicks (click_id, subs, created_at) VALUES ('click-1', %s, %s)"
MANY_CLICKS = """
INSERT INTO clicks (click_id, subs, created_at)
SELECT 'other-' || number, '{"sub1": "x"}', %(now)s FROM generate_series(1, 2000) AS number
"""
ROWS_READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'clicks'"


@pytest.fixture
def forwarding(database: str, master_key: str) -> Iterator[Forwarding]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield Forwarding(connection, add_source(database, master_key, "acme"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


def test_a_label_that_the_postback_lacks_is_that_of_the_click(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.connection.execute(CLICK, ('{"sub1": "of-click", "sub2": "of-click"}', START))
    forwarding.add_forward("voluum", sink.url + "/p?a={sub1}&b={sub2}&c={sub3}")
    key = forwarding.book("click-1")
    forwarding.connection.execute(
        "UPDATE conversions SET subs = %s WHERE dedup_key = %s", ('{"sub2": "of-postback", "sub3": "of-postback"}', key)
    )

    forwarding.work()

    assert sink.targets == ["/p?a=of-click&b=of-postback&c=of-postback"]


def test_a_forgotten_click_is_discarded_at_once(cli: CommandLine, forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url)
    key = forwarding.book("click-1")
    forwarding.change(key, "reversed")
    forwarding.book("click-2")

    assert cli("forget", "--click-id", "click-1").code == 0

    assert sorted(forwarding.states()) == ["discarded", "discarded", "waiting"]


def test_clicks_are_looked_up_by_their_key(forwarding: Forwarding) -> None:
    forwarding.connection.execute(MANY_CLICKS, {"now": START})
    forwarding.add_forward("voluum", "http://track.example/{sub1}")
    for number in range(10):
        forwarding.book(f"other-{number + 1}")

    with forwarding.connection.transaction():
        leased = lease(forwarding.connection, "voluum", is_backfill=False, limit=10, now=forwarding.now)
        read = forwarding.connection.execute(ROWS_READ).fetchone()

    assert [one.facts.subs for one in leased] == [{"sub1": "x"}] * 10
    assert read == (10,)


def test_a_time_that_the_postback_lacks_is_that_of_its_receipt(forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url + "/{event_time}")
    forwarding.book()
    key = forwarding.book()
    forwarding.connection.execute(
        "UPDATE conversions SET event_time = '2026-10-31T12:00:00Z' WHERE dedup_key = %s", (key,)
    )

    forwarding.work()

    assert sorted(sink.targets) == ["/2026-10-31T12%3A00%3A00Z", "/2026-11-01T12%3A00%3A00Z"]
