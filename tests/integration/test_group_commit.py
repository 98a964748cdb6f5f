"""The group commit's promises to those who wait: everyone is answered, nobody suffers for a neighbour."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent
import psycopg
import pytest
from gevent.event import Event
from psycopg import Connection

from postledger.ledger.group_commit import ANSWER_WITHIN_S, GroupCommit, RowRejected
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.refusal import Reason, Refused
from tests.parts.waiting import wait_until

Write = Callable[[Connection[Any], Sequence[int]], Sequence[int]]
END_ITS_SESSION = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'postledger-test'
"""


@pytest.fixture
def table(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE numbers (number integer PRIMARY KEY CHECK (number <> 13))")
    return database


@pytest.fixture
def start(table: str) -> Iterator[Callable[..., GroupCommit[int, int]]]:
    started: list[GroupCommit[int, int]] = []

    def start(write: Write, **limits: Any) -> GroupCommit[int, int]:
        options = {
            "queue_limit": 100,
            "flush_rows": 10,
            "observe_flush": lambda rows, seconds: None,
            "note_waiting": lambda waiting: None,
            **limits,
        }
        started.append(GroupCommit(lambda: connect(table, name="test", statement_timeout_ms=60_000), write, **options))
        return started[-1]

    yield start
    for commit in started:
        commit.close()


def insert(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
    with connection.transaction():
        for number in numbers:
            connection.execute("INSERT INTO numbers VALUES (%s) ON CONFLICT DO NOTHING", (number,))
    return [number * 2 for number in numbers]


def stored(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number").fetchall()]


def submit_all(commit: GroupCommit[int, int], numbers: Sequence[int]) -> list[int | Exception]:
    def submit(number: int) -> int | Exception:
        try:
            return commit.submit(number)
        except (Refused, RowRejected) as error:
            return error

    greenlets = [gevent.spawn(submit, number) for number in numbers]
    gevent.joinall(greenlets, timeout=60)
    return [greenlet.get(block=False) for greenlet in greenlets]


def test_everyone_gets_his_own_result_from_few_commits(start: Callable[..., GroupCommit[int, int]], table: str) -> None:
    flushes: list[int] = []
    commit = start(insert, observe_flush=lambda rows, seconds: flushes.append(rows))

    results = submit_all(commit, range(100, 150))

    assert results == [number * 2 for number in range(100, 150)]
    assert stored(table) == list(range(100, 150))
    assert sum(flushes) == 50
    assert len(flushes) < 10


def test_a_row_that_postgres_refuses_fails_alone(start: Callable[..., GroupCommit[int, int]], table: str) -> None:
    results = submit_all(start(insert), range(10, 20))

    assert [type(result).__name__ for result in results if isinstance(result, Exception)] == ["RowRejected"]
    assert stored(table) == [number for number in range(10, 20) if number != 13]


def test_a_connection_that_died_while_idle_costs_nobody_an_answer(
    start: Callable[..., GroupCommit[int, int]], table: str
) -> None:
    commit = start(insert)
    commit.submit(1)
    with psycopg.connect(table, autocommit=True) as connection:
        assert connection.execute(END_ITS_SESSION).fetchall() == [(True,)], "it has ended, and nobody noticed"

    assert commit.submit(2) == 4
    assert stored(table) == [1, 2]


def test_a_lost_connection_in_mid_write_is_tried_once_more(
    start: Callable[..., GroupCommit[int, int]], table: str
) -> None:
    attempts: list[int] = []

    def lose_the_answer(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        attempts.append(len(attempts))
        results = insert(connection, numbers)
        if attempts[-1] == 0:
            connection.close()
            connection.execute("SELECT 1")  # as when the commit arrived and its answer did not
        return results

    assert start(lose_the_answer).submit(7) == 14
    assert (stored(table), len(attempts)) == ([7], 2)


def test_how_many_wait_is_told_while_the_writer_hangs(start: Callable[..., GroupCommit[int, int]]) -> None:
    told: list[int] = []
    released = Event()

    def hang(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        released.wait()
        return numbers

    commit = start(hang, note_waiting=told.append, flush_rows=1)
    waiting = [gevent.spawn(commit.submit, number) for number in range(4)]
    wait_for(lambda: 3 in told)
    released.set()
    gevent.joinall(waiting, timeout=60)
    wait_for(lambda: told[-1] == 0)

    assert max(told) == 3, "one is with the writer, three wait"


def wait_for(claim: Callable[[], bool]) -> None:
    """As `wait_until`, but what is waited for goes on meanwhile: it lives in this very thread."""
    with gevent.Timeout(60):
        while not claim():
            gevent.sleep(0.01)


def test_while_postgres_is_away_everyone_is_told_so(table: str) -> None:
    def refuse() -> Connection[Any]:
        raise psycopg.OperationalError("away")

    commit: GroupCommit[int, int] = GroupCommit(
        refuse,
        insert,
        queue_limit=10,
        flush_rows=10,
        observe_flush=lambda rows, seconds: None,
        note_waiting=lambda waiting: None,
    )

    results = submit_all(commit, range(5))

    assert [result.refusal.reason for result in results if isinstance(result, Refused)] == [Reason.UNAVAILABLE] * 5
    assert stored(table) == []
    commit.close()


def test_beyond_the_queue_the_answer_is_at_once(start: Callable[..., GroupCommit[int, int]]) -> None:
    release, blocked = Event(), Event()

    def block(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        blocked.set()
        release.wait()
        return insert(connection, numbers)

    commit = start(block, queue_limit=3, flush_rows=1)
    waiting = [gevent.spawn(commit.submit, 0)]
    blocked.wait(timeout=60)
    waiting += [gevent.spawn(commit.submit, number) for number in (1, 2, 3)]
    gevent.idle()

    with pytest.raises(Refused) as refused:
        commit.submit(99)

    release.set()
    gevent.joinall(waiting, timeout=60)
    assert refused.value.refusal.reason is Reason.UNAVAILABLE
    assert [greenlet.value for greenlet in waiting] == [0, 2, 4, 6]


def test_nobody_waits_longer_than_the_answer_is_promised(
    start: Callable[..., GroupCommit[int, int]], table: str
) -> None:
    release = Event()

    def hang(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        release.wait()
        return insert(connection, numbers)

    commit = start(hang, flush_rows=1)

    results = submit_all(commit, [1, 2])

    assert all(isinstance(result, Refused) for result in results)
    release.set()
    commit.close()
    assert stored(table) == [1], "the row that was never taken is dropped, for its sender will try again"


def test_while_nobody_lets_the_process_run_nobody_becomes_overdue(
    start: Callable[..., GroupCommit[int, int]],
) -> None:
    """As after a pause of the machine: the clock looks first, and the answer comes behind it."""
    looks: list[int] = []
    taken, committed = Event(), Event()

    def write(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        taken.set()
        committed.wait()
        return numbers

    commit = start(write, note_waiting=looks.append, flush_rows=1)
    waiting = [gevent.spawn(commit.submit, number) for number in (7, 8)]
    taken.wait(timeout=60)
    stopped_s, before = time.monotonic(), len(looks)
    wait_until(lambda: time.monotonic() - stopped_s > ANSWER_WITHIN_S)  # in this thread: no other greenlet runs

    wait_for(lambda: len(looks) > before)
    committed.set()

    assert [greenlet.get(timeout=60) for greenlet in waiting] == [7, 8]


def test_closing_writes_what_was_taken(start: Callable[..., GroupCommit[int, int]], table: str) -> None:
    commit = start(insert, flush_rows=2)
    waiting = [gevent.spawn(commit.submit, number) for number in range(20, 29)]
    gevent.idle()

    commit.close()

    assert [greenlet.get() for greenlet in waiting] == [number * 2 for number in range(20, 29)]
    assert stored(table) == list(range(20, 29))
    with pytest.raises(Refused):
        commit.submit(1)
