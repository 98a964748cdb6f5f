"""The table of tasks: each is run once, again after a failure, and given up after ten attempts."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gevent.event import Event
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from postledger.platform.tasks import queue
from postledger.platform.tasks.periodic import enqueue_due
from postledger.platform.tasks.queue import MOST_ATTEMPTS, LeasedTask, enqueue
from postledger.platform.tasks.run import Report, TaskRunner

# Before any clock of this machine: the runner asks Postgres.
NOW = datetime(2020, 1, 1, tzinfo=UTC)
ALL = ["a", "b"]


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def put(ledger: Connection[Any], name: str = "a", *, now: datetime = NOW, key: str | None = None) -> str:
    task_id = enqueue(ledger, name, {"of": name}, actor="test", now=now, unique_key=key)
    assert task_id is not None
    return task_id


def taken(ledger: Connection[Any], now: datetime = NOW) -> LeasedTask:
    task = queue.lease(ledger, ALL, now)
    assert task is not None
    return task


def rows(ledger: Connection[Any]) -> list[tuple[Any, ...]]:
    return ledger.execute("SELECT state, attempts, fault FROM tasks ORDER BY created_at, id").fetchall()


def test_tasks_are_leased_in_order_of_their_due_times_and_once(ledger: Connection[Any]) -> None:
    second, first = put(ledger, now=NOW), put(ledger, "b", now=NOW - timedelta(seconds=1))

    leased = [queue.lease(ledger, ALL, NOW) for _ in range(3)]

    assert leased == [LeasedTask(first, "b", {"of": "b"}, 1), LeasedTask(second, "a", {"of": "a"}, 1), None]


def test_a_task_that_this_release_does_not_know_waits(ledger: Connection[Any]) -> None:
    put(ledger, "of-another-release")

    assert queue.lease(ledger, ALL, NOW) is None


def test_a_lease_runs_out_after_a_minute(ledger: Connection[Any]) -> None:
    put(ledger)
    taken(ledger)

    assert queue.lease(ledger, ALL, NOW + timedelta(seconds=59)) is None
    assert taken(ledger, NOW + timedelta(seconds=60)).attempt == 2


def test_a_worker_that_lost_its_lease_settles_nothing(ledger: Connection[Any]) -> None:
    put(ledger)
    lost = taken(ledger)
    taken(ledger, NOW + timedelta(minutes=2))

    queue.finish(ledger, lost, None, NOW)
    queue.postpone(ledger, lost, "Late", NOW)

    assert not queue.renew(ledger, lost, None, NOW)
    assert rows(ledger) == [("waiting", 2, None)]


def test_the_same_key_waits_once(ledger: Connection[Any]) -> None:
    put(ledger, key="only")
    assert enqueue(ledger, "a", {}, actor="test", now=NOW, unique_key="only") is None

    queue.finish(ledger, taken(ledger), None, NOW)

    put(ledger, key="only")


def test_a_task_is_dead_after_ten_failures(ledger: Connection[Any]) -> None:
    put(ledger)
    now, died = NOW, []
    for _ in range(MOST_ATTEMPTS):
        died.append(queue.postpone(ledger, taken(ledger, now), "Fault", now))
        now += timedelta(hours=2)

    assert died == [False] * (MOST_ATTEMPTS - 1) + [True]
    assert rows(ledger) == [("dead", MOST_ATTEMPTS, "Fault")]


def test_a_task_that_kills_each_of_its_workers_is_dead_after_ten(ledger: Connection[Any]) -> None:
    put(ledger)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        assert queue.bury_lost(ledger, ALL, now) == []
        taken(ledger, now)
        now += timedelta(minutes=2)

    assert queue.lease(ledger, ALL, now) is None
    assert queue.bury_lost(ledger, ALL, now) == ["a"]
    assert rows(ledger) == [("dead", MOST_ATTEMPTS, "WorkerEnded")]


def test_a_periodic_task_is_put_in_once_a_period(ledger: Connection[Any]) -> None:
    day = {"a": timedelta(days=1)}

    due = [enqueue_due(ledger, day, NOW + timedelta(hours=hours)) for hours in (0, 1, 23)]
    later = enqueue_due(ledger, day, NOW + timedelta(days=3))

    assert (due, later) == ([["a"], [], []], ["a"])
    assert len(rows(ledger)) == 1  # the first one still waits


def test_settled_tasks_are_forgotten_after_a_month_and_dead_ones_are_not(ledger: Connection[Any]) -> None:
    put(ledger)
    queue.finish(ledger, taken(ledger), None, NOW)
    put(ledger)
    ledger.execute("UPDATE tasks SET state = 'dead', settled_at = %s WHERE state = 'waiting'", (NOW,))

    assert queue.forget_settled(ledger, NOW + timedelta(days=30)) == 0
    assert queue.forget_settled(ledger, NOW + timedelta(days=31)) == 1
    assert rows(ledger) == [("dead", 0, None)]


def test_a_failure_is_counted_and_kept_by_type_and_place(
    ledger: Connection[Any], database: str, caplog: pytest.LogCaptureFixture
) -> None:
    counted = []

    def fall(connection: Connection[Any], args: Mapping[str, Any], report: Report) -> None:
        raise ValueError("canary 12.50")

    def run() -> int:
        runner = TaskRunner({"a": fall}, lambda: ledger, Event(), lambda *result: counted.append(result))
        return runner.work(ledger)

    put(ledger)

    assert (run(), run()) == (1, 0)
    ((state, attempts, fault),) = rows(ledger)
    assert (state, attempts, counted) == ("waiting", 1, [("a", "retried")])
    assert fault.startswith("ValueError at fall:")
    assert "canary" not in fault + caplog.text


def test_a_task_that_breaks_its_connection_is_settled_over_another(ledger: Connection[Any], database: str) -> None:
    def break_off(connection: Connection[Any], args: Mapping[str, Any], report: Report) -> None:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    def open_another() -> Connection[Any]:
        return connect(database, name="test", statement_timeout_ms=60_000)

    put(ledger)
    with open_another() as broken:
        TaskRunner({"a": break_off}, open_another, Event(), lambda *_: None).work(broken)

    ((state, _, fault),) = rows(ledger)
    assert (state, fault.split(" at ")[0]) == ("waiting", "AdminShutdown")
