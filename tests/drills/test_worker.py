"""How soon work goes on after the worker that did it was killed."""

import time
from datetime import UTC, datetime

import psycopg
import pytest

from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from postledger.platform.tasks.queue import enqueue
from tests.drills.promises import Promises
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.waiting import wait_until
from tests.parts.worker import HELD, TABLES, Worker


@pytest.mark.parametrize("within_a_statement", [False, True])
def test_another_worker_takes_over(
    database: str, environment: dict[str, str], promises: Promises, within_a_statement: bool
) -> None:
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        ledger.execute(TABLES, prepare=False)
        ledger.execute("INSERT INTO holds VALUES (%s)", (within_a_statement,))
        write_entries(ledger, [entry_of(transaction_id="T1")])
        with Worker(environment, "--only", "map", program=HELD) as first:
            wait_until(lambda: is_in_a_hand_over(database), what="a hand-over that has begun")
            with Worker(environment, "--only", "map", program=HELD):
                started_s = time.monotonic()
                first.kill()
                ledger.execute("DELETE FROM holds")
                wait_until(lambda: fetch(database, "SELECT count(*) FROM handed_over") == [(1,)], what="the hand-over")
                promises.keep("another worker takes over after kill -9", time.monotonic() - started_s, 1)


@pytest.mark.parametrize("within_a_statement", [False, True])
def test_a_worker_stops_in_the_middle_of_a_task(
    database: str, environment: dict[str, str], promises: Promises, within_a_statement: bool
) -> None:
    with psycopg.connect(database, autocommit=True) as ledger:
        ledger.execute(TABLES)
        ledger.execute("INSERT INTO holds VALUES (%s)", (within_a_statement,))
        enqueue(ledger, "count", {"steps": 2}, actor="test", now=datetime.now(UTC))
        with Worker(environment, program=HELD) as worker:
            wait_until(lambda: fetch(database, "SELECT count(*) FROM steps") == [(1,)], what="the first step")
            started_s = time.monotonic()
            worker.terminate()
            worker.wait()
            promises.keep("a worker stops after SIGTERM", time.monotonic() - started_s, 20)

    assert fetch(database, "SELECT state, attempts FROM tasks WHERE name = 'count'") == [("waiting", 0)]


def is_in_a_hand_over(database: str) -> bool:
    """Whether a worker has begun a hand-over and waits."""
    states = "state = 'idle in transaction' OR query LIKE '%pg_sleep%'"
    found = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND ({states})"
    return fetch(database, f"{found} AND application_name = 'postledger-worker'") == [(1,)]
