"""What a writer reports of its failures: few lines, every count, and no exception of its own."""

import math

import pytest

from postledger.ledger.writer_state import WriterState
from postledger.platform.postgres.errors import Cause

FAILING = "nothing can be committed: cause={} sqlstate={}"


@pytest.fixture
def counted() -> list[Cause]:
    return []


@pytest.fixture
def told() -> list[bool]:
    return []


@pytest.fixture
def state(counted: list[Cause], told: list[bool]) -> WriterState:
    return WriterState(counted.append, told.append)


def test_a_cause_is_logged_once_and_counted_each_time(
    state: WriterState, counted: list[Cause], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        state.fail(Cause.LOCK, "55P03")

    assert caplog.messages == [FAILING.format("lock", "55P03")]
    assert counted == [Cause.LOCK] * 3


def test_another_cause_is_logged_too(state: WriterState, caplog: pytest.LogCaptureFixture) -> None:
    for cause in (Cause.LOCK, Cause.RESOURCES, Cause.LOCK):
        state.fail(cause)

    assert caplog.messages == [FAILING.format(cause, None) for cause in ("lock", "resources", "lock")]


def test_failures_by_turns_do_not_fill_the_log(state: WriterState, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        state.fail(Cause.TIMEOUT, "57014")
        state.succeed()
        state.settle(-math.inf)  # too soon after the failure

    assert caplog.messages == [FAILING.format("timeout", "57014")]


def test_the_end_of_a_failure_is_logged_once(state: WriterState, caplog: pytest.LogCaptureFixture) -> None:
    state.fail(Cause.TIMEOUT, "57014")
    state.settle(math.inf)  # it goes on
    state.succeed()
    state.settle(math.inf)
    state.settle(math.inf)
    state.fail(Cause.TIMEOUT, "57014")

    failing = FAILING.format("timeout", "57014")
    assert caplog.messages == [failing, "commits succeed again", failing]


def test_the_gauge_starts_at_zero_and_follows_the_last_write(state: WriterState, told: list[bool]) -> None:
    state.succeed()
    state.fail(Cause.LOCK)
    state.succeed()
    state.succeed()

    assert told == [False, True, False]


def test_a_row_that_failed_alone_is_no_failure_of_the_writer(state: WriterState, counted: list[Cause]) -> None:
    state.count(Cause.ROW)

    assert (state.is_failing, counted) == (False, [Cause.ROW])


def test_metrics_that_raise_are_logged_once_for_each_place(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> None:
        raise KeyError("345.67")

    state = WriterState(fail, fail)
    for _ in range(3):
        state.fail(Cause.LOCK)
        state.succeed()

    assert state.is_failing is False
    assert "345.67" not in caplog.text
    bugs = [message for message in caplog.messages if message.startswith("bug: type=KeyError at=fail:")]
    assert len(bugs) == len(set(bugs)) > 0
