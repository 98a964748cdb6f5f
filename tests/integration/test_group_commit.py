"""The promises of the group commit: every request is answered, and no row fails because of another one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent
import psycopg
import pytest
from gevent.event import Event
from psycopg import Connection

from postledger.ledger import writer_clock
from postledger.vocabulary.refusal import Reason, Refused
from tests.parts.committing import Commit, Write, insert, make_commit, make_table, stored, submit_all, wait_for
from tests.parts.waiting import HANGS_AFTER_S

pytestmark = pytest.mark.usefixtures("patience")

END_ITS_SESSION = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'postledger-test'
"""


@pytest.fixture
def table(database: str) -> str:
    make_table(database)
    return database


@pytest.fixture
def start(table: str) -> Iterator[Callable[..., Commit]]:
    started: list[Commit] = []

    def start(write: Write, **options: Any) -> Commit:
        started.append(make_commit(table, write, **options))
        return started[-1]

    yield start
    for commit in started:
        commit.close()


def test_rows_that_come_during_a_commit_share_the_next_ones(start: Callable[..., Commit], table: str) -> None:
    flushes: list[int] = []
    has_begun, may_go_on = Event(), Event()

    def write(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        has_begun.set()
        may_go_on.wait()
        return insert(connection, numbers)

    commit = start(write, flush_rows=10, observe_flush=lambda rows, seconds: flushes.append(rows))
    first = gevent.spawn(commit.submit, 99)
    has_begun.wait(timeout=HANGS_AFTER_S)
    others = [gevent.spawn(commit.submit, number) for number in range(100, 150)]
    gevent.idle()
    may_go_on.set()

    assert [one.get(timeout=HANGS_AFTER_S) for one in (first, *others)] == [number * 2 for number in range(99, 150)]
    assert stored(table) == list(range(99, 150))
    assert flushes == [1, 10, 10, 10, 10, 10]


def test_a_row_that_postgres_refuses_fails_alone(start: Callable[..., Commit], table: str) -> None:
    results = submit_all(start(insert), range(10, 20))

    assert [type(result).__name__ for result in results if isinstance(result, Exception)] == ["RowRejected"]
    assert stored(table) == [number for number in range(10, 20) if number != 13]


def test_a_connection_that_died_while_idle_costs_no_answer(start: Callable[..., Commit], table: str) -> None:
    commit = start(insert)
    commit.submit(1)
    with psycopg.connect(table, autocommit=True) as connection:
        assert connection.execute(END_ITS_SESSION).fetchall() == [(True,)], "it has ended, and nobody noticed"

    assert commit.submit(2) == 4
    assert stored(table) == [1, 2]


def test_a_batch_is_written_again_after_a_lost_connection(start: Callable[..., Commit], table: str) -> None:
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


def test_the_queue_length_is_reported_while_the_writer_hangs(start: Callable[..., Commit]) -> None:
    told: list[int] = []
    released = Event()

    def hang(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        released.wait()
        return numbers

    commit = start(hang, note_waiting=told.append, flush_rows=1)
    waiting = [gevent.spawn(commit.submit, number) for number in range(4)]
    wait_for(lambda: 3 in told)
    released.set()
    gevent.joinall(waiting, timeout=HANGS_AFTER_S)
    wait_for(lambda: told[-1] == 0)

    assert max(told) == 3, "one is with the writer, three wait"


def test_without_postgres_every_request_is_unavailable(start: Callable[..., Commit], table: str) -> None:
    def refuse() -> Connection[Any]:
        raise psycopg.OperationalError("away")

    commit = start(insert, connect=refuse)

    results = submit_all(commit, range(5))

    assert [result.refusal.reason for result in results if isinstance(result, Refused)] == [Reason.UNAVAILABLE] * 5
    assert submit_sheddable(commit, 6) == "Refused"
    assert stored(table) == []


def test_a_full_queue_refuses_at_once(start: Callable[..., Commit]) -> None:
    release, blocked = Event(), Event()

    def block(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        blocked.set()
        release.wait()
        return insert(connection, numbers)

    commit = start(block, queue_limit=3, flush_rows=1)
    waiting = [gevent.spawn(commit.submit, 0)]
    blocked.wait(timeout=HANGS_AFTER_S)
    waiting += [gevent.spawn(commit.submit, number) for number in (1, 2, 3)]
    gevent.idle()

    with pytest.raises(Refused) as refused:
        commit.submit(99)

    release.set()
    gevent.joinall(waiting, timeout=HANGS_AFTER_S)
    assert refused.value.refusal.reason is Reason.UNAVAILABLE
    assert [greenlet.value for greenlet in waiting] == [0, 2, 4, 6]


def test_strangers_rows_never_displace_a_postback(start: Callable[..., Commit], table: str) -> None:
    release, blocked = Event(), Event()

    def block(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        blocked.set()
        release.wait()
        return insert(connection, numbers)

    commit = start(block, queue_limit=4, flush_rows=1)
    waiting = [gevent.spawn(commit.submit, 0)]
    blocked.wait(timeout=HANGS_AFTER_S)
    strangers = [gevent.spawn(submit_sheddable, commit, number) for number in range(100, 110)]
    gevent.idle()
    waiting += [gevent.spawn(commit.submit, number) for number in (1, 2, 3)]
    gevent.idle()

    release.set()
    gevent.joinall(waiting, timeout=HANGS_AFTER_S)
    gevent.joinall(strangers, timeout=HANGS_AFTER_S)
    assert [greenlet.value for greenlet in waiting] == [0, 2, 4, 6]
    assert [greenlet.value for greenlet in strangers] == [200, *["Shed"] * 9]
    assert stored(table) == [0, 1, 2, 3, 100]


def submit_sheddable(commit: Commit, number: int) -> int | str:
    try:
        return commit.submit_sheddable(number)
    except Refused as refused:
        return type(refused).__name__


def test_an_overdue_request_is_answered_and_its_row_dropped(
    start: Callable[..., Commit], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Event()

    def hang(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        monkeypatch.setattr(writer_clock, "ANSWER_WITHIN_S", 0.1)  # now that the first row is taken
        release.wait()
        return insert(connection, numbers)

    commit = start(hang, flush_rows=1)

    results = submit_all(commit, [1, 2])

    assert all(isinstance(result, Refused) for result in results)
    release.set()
    commit.close()
    assert stored(table) == [1], "the row that was never taken is dropped, for its sender will try again"


def test_closing_writes_what_was_taken(start: Callable[..., Commit], table: str) -> None:
    commit = start(insert, flush_rows=2)
    waiting = [gevent.spawn(commit.submit, number) for number in range(20, 29)]
    gevent.idle()

    commit.close()

    assert [greenlet.get() for greenlet in waiting] == [number * 2 for number in range(20, 29)]
    assert stored(table) == list(range(20, 29))
    with pytest.raises(Refused):
        commit.submit(1)
