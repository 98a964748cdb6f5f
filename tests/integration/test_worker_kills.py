"""Workers side by side: one dispatches, another takes over, and whatever is killed, nothing is lost or doubled."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from postledger.platform.tasks.queue import enqueue
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.waiting import wait_until
from tests.parts.worker import HELD, TABLES, Worker

HAND_OVERS = "SELECT count(*), count(DISTINCT receipt) FROM handed_over"
TASKS = "SELECT state, attempts, leased_until IS NULL, fault FROM tasks WHERE name = 'count'"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        connection.execute(TABLES, prepare=False)
        yield connection


def book(ledger: Connection[Any], count: int) -> None:
    """Book conversions, each with its change in the outbox."""
    write_entries(ledger, [entry_of(transaction_id=f"T{number}") for number in range(count)])
    ledger.execute(
        "INSERT INTO outbox SELECT created_at, dedup_key, id, 1, 'opened' FROM conversions ON CONFLICT DO NOTHING"
    )


def hold(ledger: Connection[Any]) -> None:
    ledger.execute("INSERT INTO holds VALUES (false)")


def let_go(ledger: Connection[Any]) -> None:
    ledger.execute("DELETE FROM holds")


def works(database: str) -> bool:
    """Whether a worker is in the middle of a hand-over."""
    found = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '% FROM holds'"
    return fetch(database, f"{found} AND application_name = 'postledger-worker'") == [(1,)]


def test_a_killed_dispatcher_loses_and_doubles_nothing(
    ledger: Connection[Any], database: str, environment: dict[str, str]
) -> None:
    hold(ledger)
    book(ledger, 20)
    with Worker(environment, "--only", "map", program=HELD) as first:
        wait_until(lambda: works(database), what="a hand-over that has begun")
        with Worker(environment, "--only", "map", program=HELD):
            first.kill()
            let_go(ledger)
            wait_until(lambda: fetch(database, HAND_OVERS) == [(20, 20)], what="the hand-over by the other one")

    assert fetch(database, "SELECT count(*) FROM outbox") == [(0,)]


def test_only_one_of_two_workers_dispatches(
    ledger: Connection[Any], database: str, environment: dict[str, str]
) -> None:
    hold(ledger)
    book(ledger, 5)
    with Worker(environment, program=HELD), Worker(environment, program=HELD) as second:
        wait_until(lambda: works(database), what="a hand-over that has begun")
        assert second.is_healthy()
        assert fetch(database, HAND_OVERS) == [(0, 0)]  # the other one has none to commit either
        let_go(ledger)
        wait_until(lambda: fetch(database, HAND_OVERS) == [(5, 5)], what="the hand-over")


def test_a_stop_finishes_the_hand_over_that_has_begun(
    ledger: Connection[Any], database: str, environment: dict[str, str]
) -> None:
    hold(ledger)
    book(ledger, 3)
    with Worker(environment, program=HELD) as worker:
        wait_until(lambda: works(database), what="a hand-over that has begun")
        worker.terminate()
        let_go(ledger)
        code = worker.wait()
        events = [line["event"] for line in worker.log_lines()]

    assert (code, events[-1]) == (0, "stopped")
    assert fetch(database, HAND_OVERS) == [(3, 3)]


def start_task(ledger: Connection[Any], **args: object) -> None:
    assert enqueue(ledger, "count", args, actor="test", now=datetime.now(UTC))


def test_a_stop_gives_a_task_back_at_once(ledger: Connection[Any], database: str, environment: dict[str, str]) -> None:
    hold(ledger)
    start_task(ledger, steps=2)
    with Worker(environment, program=HELD) as worker:
        wait_until(lambda: fetch(database, "SELECT count(*) FROM steps") == [(1,)], what="the first step")
        worker.terminate()
        assert worker.wait() == 0

    assert fetch(database, TASKS) == [("waiting", 0, True, None)]


def test_the_task_of_a_killed_worker_is_run_again_when_its_lease_ends(
    ledger: Connection[Any], database: str, environment: dict[str, str]
) -> None:
    hold(ledger)
    start_task(ledger, steps=2)
    with Worker(environment, program=HELD) as worker:
        wait_until(lambda: fetch(database, "SELECT count(*) FROM steps") == [(1,)], what="the first step")
        worker.kill()
    assert fetch(database, TASKS) == [("waiting", 1, False, None)]

    ledger.execute("UPDATE tasks SET leased_until = %s", (datetime.now(UTC),))
    let_go(ledger)
    with Worker(environment, program=HELD):
        wait_until(lambda: fetch(database, TASKS) == [("done", 2, True, None)], what="the end of the task")

    assert fetch(database, "SELECT progress FROM tasks WHERE name = 'count'") == [({"done": 2, "total": 2},)]


def test_a_discarded_task_ends_at_its_next_step(
    ledger: Connection[Any], database: str, environment: dict[str, str]
) -> None:
    hold(ledger)
    start_task(ledger, steps=2)
    with Worker(environment, program=HELD) as worker:
        wait_until(lambda: fetch(database, "SELECT count(*) FROM steps") == [(1,)], what="the first step")
        ledger.execute("UPDATE tasks SET state = 'discarded', leased_until = NULL WHERE name = 'count'")
        start_task(ledger, steps=0)
        # The tasks of operators run one after the other.
        wait_until(lambda: ("done", 1, True, None) in fetch(database, TASKS), what="the task after it")

        assert worker.is_healthy()
    assert fetch(database, "SELECT count(*) FROM steps") == [(1,)]


def test_a_fault_is_kept_without_its_message(
    ledger: Connection[Any], database: str, environment: dict[str, str]
) -> None:
    enqueue(ledger, "fail", {"amount": "canary"}, actor="test", now=datetime.now(UTC))
    with Worker(environment, program=HELD) as worker:
        wait_until(lambda: bool(worker.log_lines("task")) and "fail" in worker.log_text(), what="a failed task")
        log = worker.log_text()

    ((state, attempts, fault),) = fetch(database, "SELECT state, attempts, fault FROM tasks WHERE name = 'fail'")
    assert (state, attempts, fault.split(" at ")[0]) == ("waiting", 1, "ValueError")
    assert "_fail:" in fault
    assert "canary" not in fault + log
