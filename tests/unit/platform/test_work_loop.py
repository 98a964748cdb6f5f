"""How long a loop of a worker pauses, and what it logs of failures."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from gevent.event import Event
from psycopg import Connection
from psycopg.pq import TransactionStatus

from postledger.platform.work_loop import (
    GATHER_S,
    IDLE_PAUSE_S,
    LONGEST_OUTAGE_PAUSE_S,
    LONGEST_PAUSE_S,
    Unavailable,
    WorkLoop,
)

FULL = 1000


class Stop:
    """Stands for the event that stops a worker: it is set after some pauses, and notes how long each should be."""

    def __init__(self, after: int) -> None:
        self._after = after
        self.pauses: list[float] = []

    def is_set(self) -> bool:
        return len(self.pauses) >= self._after

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)


def open_connection() -> Connection[Any]:
    # Enough of one for the questions of a loop.
    state = SimpleNamespace(transaction_status=TransactionStatus.IDLE)
    return cast("Connection[Any]", SimpleNamespace(closed=False, pgconn=state, close=lambda: None))


def fail_to_connect() -> Connection[Any]:
    raise psycopg.OperationalError("canary: connection refused")


def pauses_of(portions: list[int | None]) -> list[float]:
    """The pauses of a loop whose portions do this much."""
    rest: Iterator[int | None] = iter(portions)
    stop = Stop(after=sum(done is None or done < FULL for done in portions))
    loop = WorkLoop("test", lambda _: next(rest), open_connection, full_portion=FULL)
    loop.run(cast("Event", stop))
    return stop.pauses


def run(connect: Callable[[], Connection[Any]], stop: Stop) -> None:
    WorkLoop("test", lambda _: 0, connect).run(cast("Event", stop))


@pytest.mark.parametrize(
    ("portions", "pauses"),
    [
        ([FULL, FULL, 0], [IDLE_PAUSE_S]),
        ([FULL, 1, FULL, 0], [GATHER_S, IDLE_PAUSE_S]),
        ([0], [IDLE_PAUSE_S]),
        ([1, 0], [GATHER_S, IDLE_PAUSE_S]),
        ([None, 0], [IDLE_PAUSE_S, IDLE_PAUSE_S]),
    ],
)
def test_a_loop_pauses_only_if_a_portion_was_not_full(portions: list[int | None], pauses: list[float]) -> None:
    assert pauses_of(portions) == pauses


def test_the_pause_after_a_failure_grows_to_a_second(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop(after=8)

    run(fail_to_connect, stop)

    assert stop.pauses[0] < IDLE_PAUSE_S * 1.5
    assert stop.pauses[1] < stop.pauses[3] <= max(stop.pauses) <= LONGEST_PAUSE_S * 1.2
    assert min(stop.pauses[4:]) >= LONGEST_PAUSE_S * 0.8


def test_a_failure_is_logged_once_and_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    run(fail_to_connect, Stop(after=8))

    # The end of the loop is one more attempt.
    assert [record.getMessage() for record in caplog.records] == ["failed, and is repeated"]
    assert "canary" not in str(vars(caplog.records[0]))


def test_a_loop_that_is_run_once_gives_up_after_five_failures() -> None:
    stop = Stop(after=100)

    assert not WorkLoop("test", lambda _: 0, fail_to_connect).run_until_idle(cast("Event", stop))
    assert len(stop.pauses) == 4  # no attempt follows the fifth


def be_unavailable(_: Connection[Any]) -> int:
    raise Unavailable("unreachable", "start it")


def test_a_loop_stays_healthy_while_something_beside_postgres_is_away(caplog: pytest.LogCaptureFixture) -> None:
    stop, loop = Stop(after=12), WorkLoop("test", be_unavailable, open_connection)

    loop.run(cast("Event", stop))

    assert loop.is_healthy
    assert LONGEST_OUTAGE_PAUSE_S * 0.8 <= max(stop.pauses) <= LONGEST_OUTAGE_PAUSE_S * 1.2
    assert [record.getMessage() for record in caplog.records] == ["failed, and is repeated"]
    assert vars(caplog.records[0])["fields"] == {"loop": "test", "cause": "unreachable", "advice": "start it"}


def test_a_loop_that_is_run_once_fails_if_something_is_away(caplog: pytest.LogCaptureFixture) -> None:
    loop = WorkLoop("test", be_unavailable, open_connection)

    assert not loop.run_until_idle(cast("Event", Stop(after=100)))
    assert "works again" not in caplog.text
