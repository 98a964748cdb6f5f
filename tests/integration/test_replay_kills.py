"""A replay that is killed at any point and resumed ends with the ledger of one that ran through."""

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from postledger.audit.replay.book import book_replay, start_replay
from postledger.audit.replay.judge import Judge
from postledger.audit.replay.past_settings import PastSettings
from postledger.audit.replay.preview import preview_replay
from postledger.audit.replay.progress import Progress
from postledger.audit.replay.selection import Selection, bound
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.policy.read import load_policy
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres
from tests.parts.replaying import PastLedger
from tests.parts.sources import add_click

CONVERSIONS = 100
BATCH = 5  # rows, so that a kill meets one batch of many
EXCHANGES = range(1, 31)  # with Postgres: those of a whole batch, and the beginning of the next
LEDGER = (
    "SELECT transaction_id, status, payout, event_time, revision FROM conversions ORDER BY 1",
    "SELECT status_before, status_after, count(*) FROM conversion_events GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT replay_of, verdict, event_time FROM postbacks WHERE replay_of IS NOT NULL ORDER BY 1",
    "SELECT kind, count(*) FROM outbox GROUP BY 1 ORDER BY 1",
    "SELECT state, counts FROM replays",
    "SELECT postback FROM replayed_postbacks ORDER BY 1",
)


class Fatal(Connection[Any]):
    """A connection that kills its process at one of its exchanges: before the request or, if `sends`, after it."""

    left, sends = 0, False

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Wait for Postgres, or end."""
        self.left -= 1
        if self.left == 0:
            if self.sends:
                next(gen, None)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().wait(gen, *arguments, **options)


def make_judge(connection: Connection[Any], master_key: str) -> Judge:
    return Judge(load_policy(connection, Keyring([master_key])), PastSettings(connection))


def book(connection: Connection[Any], replay_id: str, master_key: str) -> Progress:
    return book_replay(
        connection,
        replay_id,
        make_judge(connection, master_key),
        rate=BATCH,
        on_progress=lambda *_: None,
        pause=lambda _: None,
    )


def book_and_die(database: str, replay_id: str, master_key: str, exchanges: int) -> None:
    with connect(database, name="cli", statement_timeout_ms=60_000, kind=Fatal) as connection:
        assert isinstance(connection, Fatal)
        judge = make_judge(connection, master_key)
        connection.left, connection.sends = exchanges, exchanges % 2 == 0
        book_replay(connection, replay_id, judge, rate=BATCH, on_progress=lambda *_: None, pause=lambda _: None)


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    """Sales that were refused because their clicks were unknown, each with a change of its status."""
    past = PastLedger(cli)
    past.apply()
    past.fill(
        f"click_id=C1&transaction_id=T{n}&payout=1&status={s}"
        for n in range(CONVERSIONS)
        for s in ("pending", "approved")
    )
    add_click(database, "C1")
    return past


@pytest.fixture
def unbroken(postgres: Postgres, past: PastLedger, database: str) -> Iterator[str]:
    """The same ledger a second time."""
    url = create_database(postgres, template=database.rpartition("/")[2].partition("?")[0])
    yield url
    drop_database(postgres, url)


def start(database: str, master_key: str) -> str:
    with connect(database, name="cli", statement_timeout_ms=60_000) as connection:
        selection = bound(connection, Selection(datetime(2026, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)))
        shown = preview_replay(connection, selection, make_judge(connection, master_key), lambda *_: None)
    with connect(database, name="cli", statement_timeout_ms=60_000) as connection:
        return start_replay(connection, selection, shown, actor="test", entropy=bytes(10))


def test_a_replay_killed_at_random_points_ends_as_an_unbroken_one(
    database: str, unbroken: str, master_key: str
) -> None:
    replay_id, kills = start(database, master_key), 0
    for exchanges in random.Random(20261130).sample(EXCHANGES, len(EXCHANGES)):  # noqa: S311 - no secret
        arguments = (database, replay_id, master_key, exchanges)
        child = multiprocessing.get_context("fork").Process(target=book_and_die, args=arguments)
        child.start()
        child.join()
        kills += child.exitcode == -signal.SIGKILL
    with connect(database, name="cli", statement_timeout_ms=60_000) as connection:
        book(connection, replay_id, master_key)
    with connect(unbroken, name="cli", statement_timeout_ms=60_000) as connection:
        book(connection, start(unbroken, master_key), master_key)

    assert kills >= 20
    assert [fetch(database, statement) for statement in LEDGER] == [fetch(unbroken, statement) for statement in LEDGER]
    assert fetch(database, "SELECT count(*)::integer FROM conversions") == [(CONVERSIONS,)]


def test_a_real_postback_in_between_is_folded_as_usual(past: PastLedger, database: str, master_key: str) -> None:
    replay_id, real = start(database, master_key), [f"click_id=C1&transaction_id=T{CONVERSIONS - 1}&payout=1"]
    with connect(database, name="cli", statement_timeout_ms=60_000) as connection:
        judge = make_judge(connection, master_key)

        def receive(_: float) -> None:
            while real:
                past.get(real.pop())

        book_replay(connection, replay_id, judge, rate=BATCH, on_progress=lambda *_: None, pause=receive)

    shown = past.cli("replay", "--resume", replay_id)
    booked = past.cli("replay", "show", replay_id, "--json").facts
    assert (booked["expected"], booked["booked"], booked["state"]) == (2 * CONVERSIONS, 2 * CONVERSIONS - 2, "done")
    assert shown.err == (
        f"The dry run showed {2 * CONVERSIONS}: other postbacks or settings have changed the ledger since then.\n"
    )
    assert fetch(database, "SELECT count(*)::integer, sum(payout)::integer FROM conversions") == [(CONVERSIONS,) * 2]


@pytest.mark.usefixtures("past")
def test_no_batch_books_more_than_the_rate(database: str, master_key: str) -> None:
    replay_id, pauses = start(database, master_key), list[float]()
    with connect(database, name="cli", statement_timeout_ms=60_000) as connection:
        judge = make_judge(connection, master_key)
        book_replay(connection, replay_id, judge, rate=BATCH, on_progress=lambda *_: None, pause=pauses.append)

    batches = fetch(database, "SELECT count(*)::integer FROM replayed_postbacks GROUP BY received_at")
    assert {number for (number,) in batches} == {BATCH}
    assert len(pauses) == len(batches) == 2 * CONVERSIONS / BATCH
