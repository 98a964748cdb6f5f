"""Faults planted into the writer: each request is answered, the writer goes on, and the fault is visible."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import gevent
import psycopg
import pytest
from gevent.event import Event
from psycopg import Connection

from postledger.ledger import writer_clock
from postledger.ledger.group_commit import RowRejected
from postledger.ledger.waiting_rows import WaitingRows
from postledger.platform.postgres.connection import connect
from postledger.platform.postgres.errors import Cause
from postledger.platform.server.gevent_connection import GreenletConnection
from postledger.vocabulary.refusal import Refused
from tests.parts.committing import Commit, Write, insert, make_commit, make_table, stored, submit_all, wait_for
from tests.parts.waiting import HANGS_AFTER_S

pytestmark = pytest.mark.usefixtures("patience")

SECRET = "345.67"

Start = Callable[..., Commit]


@pytest.fixture
def table(database: str) -> str:
    make_table(database)
    return database


@pytest.fixture
def start(table: str) -> Iterator[Start]:
    started: list[Commit] = []

    def start(write: Write = insert, **options: Any) -> Commit:
        started.append(make_commit(table, write, **options))
        return started[-1]

    yield start
    for commit in started:
        commit.close()


def fail(*_: object) -> None:
    raise KeyError(SECRET)


def fail_first(write: Callable[..., Any], times: int = 1) -> Callable[..., Any]:
    """Raise at the first calls, as a bug that comes and goes."""
    calls = count(1)

    def wrapped(*arguments: Any) -> Any:
        if next(calls) <= times:
            fail()
        return write(*arguments)

    return wrapped


def raise_in_postgres(connection: Connection[Any], sqlstate: str) -> None:
    """Make the server raise an error of that SQLSTATE."""
    connection.execute(f"DO $$ BEGIN RAISE EXCEPTION '{SECRET}' USING ERRCODE = '{sqlstate}'; END $$".encode())


def types(results: Sequence[object]) -> list[str]:
    return [type(result).__name__ for result in results]


def test_a_metric_that_raises_stops_no_writer(start: Start, table: str, caplog: pytest.LogCaptureFixture) -> None:
    commit = start(observe_flush=fail)

    assert [submit_all(commit, [number]) for number in (1, 2, 3)] == [[2], [4], [6]]

    assert not commit.is_failing()
    assert stored(table) == [1, 2, 3]
    (line,) = caplog.messages
    assert line.startswith("bug: type=KeyError at=fail:")
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("hurry")
def test_a_metric_that_raises_stops_no_clock(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    released = Event()

    def hang(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        released.wait()
        return insert(connection, numbers)

    commit = start(hang, note_waiting=fail, flush_rows=1)
    wait_for(lambda: "bug: type=KeyError at=fail:" in caplog.text)

    assert types(submit_all(commit, [1, 2])) == ["Refused", "Refused"], "both were overdue"

    released.set()
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("hurry")
def test_a_bug_in_the_clock_costs_one_look(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    released = Event()
    refuse_overdue = WaitingRows.refuse_overdue
    monkeypatch.setattr(WaitingRows, "refuse_overdue", fail_first(refuse_overdue))
    commit = start(lambda connection, numbers: released.wait() and numbers)

    assert types(submit_all(commit, [1])) == ["Refused"]

    released.set()
    assert "bug: type=KeyError" in caplog.text


def test_too_few_results_make_every_request_unavailable(
    start: Start, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[Cause] = []
    shorten = iter([True])
    commit = start(
        lambda connection, numbers: insert(connection, numbers)[1 if next(shorten, False) else 0 :],
        count_failure=failures.append,
    )

    assert types(submit_all(commit, [1, 2, 3])) == ["Refused"] * 3
    assert commit.is_failing()
    assert submit_all(commit, [1, 2, 3]) == [2, 4, 6], "they were booked, and the repeat is told so"

    assert not commit.is_failing()
    assert failures == [Cause.BUG]
    assert "bug: type=ResultsDiffer at=_flush:" in caplog.text
    assert stored(table) == [1, 2, 3]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_bug_while_rows_are_taken_leaves_no_request_waiting(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    hurry: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    moment: str,
) -> None:
    take, broken = WaitingRows.take, [True]

    def take_or_fail(self: WaitingRows[int, int], limit: int) -> Any:
        if broken and moment == "before":
            fail()
        batch = take(self, limit)
        if broken:
            fail()
        return batch

    monkeypatch.setattr(WaitingRows, "take", take_or_fail)
    commit = start()

    assert types(submit_all(commit, [1, 2])) == ["Refused", "Refused"]
    assert commit.is_failing()
    broken.clear()
    hurry.undo()
    assert submit_all(commit, [1, 2]) == [2, 4]
    assert not commit.is_failing()
    assert SECRET not in caplog.text


def test_a_bug_that_one_row_causes_rejects_that_row_alone(start: Start, table: str) -> None:
    failures: list[Cause] = []

    def write(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        if 3 in numbers:
            fail()
        return insert(connection, numbers)

    commit = start(write, count_failure=failures.append)

    assert types(submit_all(commit, [1, 2, 3, 4])) == ["int", "int", "RowRejected", "int"]

    assert not commit.is_failing()
    assert failures == [Cause.BUG]
    assert stored(table) == [1, 2, 4]


def test_a_rejected_row_is_counted_and_leaves_the_writer_healthy(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[Cause] = []
    commit = start(count_failure=failures.append)

    with pytest.raises(RowRejected):
        commit.submit(13)

    assert not commit.is_failing()
    assert failures == [Cause.ROW]
    assert caplog.messages == ["a row was rejected: sqlstate=23514"]


@pytest.mark.parametrize("victim", ["_writer", "_clock"])
def test_a_dead_greenlet_ends_the_process_and_answers_requests(start: Start, victim: str) -> None:
    ended, released = Event(), Event()
    commit = start(lambda connection, numbers: released.wait() and numbers, end_process=ended.set, flush_rows=1)
    waiting = [gevent.spawn(submit_all, commit, [number]) for number in (1, 2)]
    wait_for(lambda: bool(commit._rows.batch and commit._rows.queue))
    assert not commit.is_failing()

    gevent.kill(getattr(commit, victim))

    assert ended.wait(timeout=HANGS_AFTER_S)
    assert commit.is_failing()
    assert [types(greenlet.get(timeout=HANGS_AFTER_S)) for greenlet in waiting] == [["Refused"], ["Refused"]]
    with pytest.raises(Refused):
        commit.submit(3)
    released.set()


def test_a_stop_is_no_death(start: Start) -> None:
    ended = Event()
    commit = start(end_process=ended.set)
    assert commit.submit(1) == 2

    commit.close()
    gevent.idle()

    assert not ended.is_set()


def insert_nothing(connection: Connection[Any]) -> None:
    connection.execute("INSERT INTO numbers SELECT 1 WHERE false")


# -- Failures of Postgres.


def write_after(failures: dict[int, str], pids: list[int]) -> Write:
    """Fail at the n-th write with a SQLSTATE; note the session of Postgres that each write uses."""
    numbers_of_write = count(1)

    def write(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        pids.append(connection.info.backend_pid)
        if sqlstate := failures.get(next(numbers_of_write)):
            raise_in_postgres(connection, sqlstate)
        return insert(connection, numbers)

    return write


@pytest.mark.parametrize(
    ("sqlstate", "cause"),
    [
        ("57014", Cause.TIMEOUT),
        ("55P03", Cause.LOCK),
        ("53100", Cause.RESOURCES),
        ("53200", Cause.RESOURCES),
        ("58030", Cause.RESOURCES),
        ("42703", Cause.REFUSED),
        ("42501", Cause.REFUSED),
    ],
)
def test_a_failure_that_no_row_causes_fails_the_batch_once(
    start: Start, table: str, caplog: pytest.LogCaptureFixture, sqlstate: str, cause: Cause
) -> None:
    pids: list[int] = []
    failures: list[Cause] = []
    commit = start(write_after({1: sqlstate}, pids), count_failure=failures.append)

    assert types(submit_all(commit, [1, 2, 3])) == ["Refused"] * 3
    assert (len(pids), commit.is_failing()) == (1, True), "neither repeated nor bisected"
    assert submit_all(commit, [4]) == [8]

    assert (len(pids), len(set(pids))) == (2, 1)
    assert failures == [cause]
    assert caplog.messages == [f"nothing can be committed: cause={cause} sqlstate={sqlstate}"]
    assert not commit.is_failing()
    assert stored(table) == [4]


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_a_deadlock_is_repeated_once_over_the_same_connection(start: Start, sqlstate: str) -> None:
    pids: list[int] = []
    failures: list[Cause] = []
    commit = start(write_after({1: sqlstate, 3: sqlstate, 4: sqlstate}, pids), count_failure=failures.append)

    assert submit_all(commit, [1, 2]) == [2, 4]
    assert failures == []
    assert types(submit_all(commit, [3])) == ["Refused"], "twice in a row"

    assert failures == [Cause.DEADLOCK]
    assert (len(pids), len(set(pids))) == (4, 1)


@pytest.mark.parametrize("sqlstate", ["57P01", "57P03", "08006", "25006"])
def test_a_session_that_the_server_ends_is_replaced(start: Start, table: str, sqlstate: str) -> None:
    pids: list[int] = []
    failures: list[Cause] = []
    commit = start(write_after({1: sqlstate}, pids), count_failure=failures.append)

    assert submit_all(commit, [1, 2]) == [2, 4]
    assert len(set(pids)) == 2
    assert failures == []
    assert stored(table) == [1, 2]


def test_a_cancelled_statement_keeps_the_connection(start: Start, table: str) -> None:
    pids: list[int] = []

    def sleep_once(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        pids.append(connection.info.backend_pid)
        if len(pids) == 1:
            connection.execute("SELECT pg_sleep(600)")
        return numbers

    commit = start(sleep_once)
    sleeping = gevent.spawn(submit_all, commit, [1])
    wait_for(lambda: bool(pids))
    with psycopg.connect(table, autocommit=True) as other:
        while not sleeping.ready():  # the first one may come before the statement
            other.execute("SELECT pg_cancel_backend(%s)", (pids[0],))
            gevent.sleep(0.01)

    assert types(sleeping.get(timeout=HANGS_AFTER_S)) == ["Refused"]
    assert commit.submit(2) == 2
    assert pids == [pids[0]] * 2


def test_a_flush_that_hangs_is_given_up_with_its_connection(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a server that is gone without a word: no answer will ever come."""
    pids: list[int] = []
    causes: list[Cause] = []

    def hang_once(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
        pids.append(connection.info.backend_pid)
        if len(pids) == 1:
            with monkeypatch.context() as hurry:  # only now that the row is taken
                hurry.setattr(writer_clock, "FLUSH_WITHIN_S", 0.2)
                hurry.setattr(writer_clock, "ANSWER_WITHIN_S", 0.1)
                connection.execute("SELECT pg_sleep(50)")
        return numbers

    commit = start(hang_once, count_failure=causes.append)

    assert types(submit_all(commit, [1])) == ["Refused"]
    wait_for(lambda: causes == [Cause.CONNECTION])
    assert commit.submit(2) == 2
    assert len(set(pids)) == 2


def test_what_was_answered_503_while_connecting_is_not_booked(
    start: Start, table: str, hurry: pytest.MonkeyPatch
) -> None:
    connected = Event()

    def connect_late() -> Connection[Any]:
        connected.wait()
        return connect(table, name="test", statement_timeout_ms=60_000, kind=GreenletConnection)

    commit = start(connect=connect_late)

    assert types(submit_all(commit, [1])) == ["Refused"]
    hurry.undo()
    connected.set()
    wait_for(commit.is_failing)
    assert submit_all(commit, [2]) == [4]

    assert stored(table) == [2]


def test_a_locked_table_and_its_release_are_reported_once(
    start: Start, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[Cause] = []
    told: list[bool] = []

    def connect_impatiently() -> Connection[Any]:
        return connect(table, name="test", statement_timeout_ms=60_000, lock_timeout_ms=50, kind=GreenletConnection)

    commit = start(
        connect=connect_impatiently,
        check=insert_nothing,
        count_failure=failures.append,
        note_failing=told.append,
    )
    with psycopg.connect(table) as other:
        other.execute("LOCK TABLE numbers")
        for number in range(3):
            assert types(submit_all(commit, [number])) == ["Refused"]
        assert commit.is_failing()
        wait_for(lambda: len(failures) > 4)  # an idle writer goes on asking
        assert commit.is_failing()
        assert len(caplog.messages) == 1

    wait_for(lambda: not commit.is_failing())  # without any traffic
    wait_for(lambda: len(caplog.messages) == 2)

    assert set(failures) == {Cause.LOCK}
    assert told[0] is False
    assert told[-1] is False
    assert True in told
    assert caplog.messages == ["nothing can be committed: cause=lock sqlstate=55P03", "commits succeed again"]
    assert submit_all(commit, [7]) == [14]
