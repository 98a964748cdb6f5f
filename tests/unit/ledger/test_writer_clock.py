"""The clock of the writer, at times that the test chooses."""

import pytest

from postledger.ledger.waiting_rows import Waiting, WaitingRows
from postledger.ledger.writer_clock import WriterClock
from postledger.ledger.writer_state import WriterState
from postledger.platform.timeouts import ANSWER_WITHIN_S, FLUSH_WITHIN_S, PAUSE_S
from postledger.vocabulary.refusal import Refused

STEP_S = PAUSE_S / 2  # two looks that are further apart than `PAUSE_S` are a pause of the machine


class Watched:
    """A clock over one row in the batch and one in the queue. Both came when the clock looked last."""

    def __init__(self) -> None:
        self.rows: WaitingRows[int, int] = WaitingRows(10)
        self.queued: list[int] = []
        self.hung_up: list[bool] = []
        state = WriterState(count_failure=lambda cause: None, note_failing=lambda is_failing: None)
        self.clock = WriterClock(self.rows, state, self.queued.append, lambda: self.hung_up.append(True))
        self.rows.queue.extend((Waiting(7), Waiting(8)))
        self.written, self.waiting = self.rows.queue
        self.rows.take(1)
        self.start_s = self.rows.began_s = self.written.since_s = self.waiting.since_s
        self.clock.look(self.start_s)

    def look_until(self, end_s: float) -> None:
        """Look in short steps until so many seconds after the start; `end_s` is a whole number of steps and a bit."""
        for step in range(1, int(end_s / STEP_S) + 1):
            self.clock.look(self.start_s + step * STEP_S)
        self.clock.look(self.start_s + end_s)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def is_refused(waiting: Waiting[int, int]) -> bool:
    return waiting.is_settled and isinstance(waiting.error, Refused)


@pytest.mark.parametrize(("after_s", "refused"), [(ANSWER_WITHIN_S - 0.01, False), (ANSWER_WITHIN_S + 0.01, True)])
def test_a_request_is_refused_when_its_answer_is_overdue(watched: Watched, after_s: float, refused: bool) -> None:
    watched.look_until(after_s)

    assert (is_refused(watched.written), is_refused(watched.waiting)) == (refused, refused)


def test_an_overdue_row_leaves_the_queue_and_the_batch_stays(watched: Watched) -> None:
    """The writer still works on the batch; a row in the queue is repeated by its sender."""
    watched.look_until(ANSWER_WITHIN_S + 0.01)

    assert (list(watched.rows.queue), list(watched.rows.batch)) == ([], [watched.written])
    assert (watched.queued[0], watched.queued[-1]) == (1, 0)


def test_a_pause_of_the_machine_makes_no_request_overdue(watched: Watched) -> None:
    watched.look_until(STEP_S)
    watched.clock.look(watched.start_s + STEP_S + 60)

    assert not is_refused(watched.written)
    assert not is_refused(watched.waiting)
    assert watched.hung_up == []


def test_after_a_pause_the_wait_goes_on(watched: Watched) -> None:
    pause_s = 60.0
    watched.clock.look(watched.start_s + pause_s)
    watched.start_s += pause_s

    watched.look_until(ANSWER_WITHIN_S + 0.01)

    assert is_refused(watched.waiting)


@pytest.mark.parametrize(("after_s", "hung_up"), [(FLUSH_WITHIN_S - 0.01, []), (FLUSH_WITHIN_S + 0.01, [True])])
def test_the_connection_of_a_hung_flush_is_given_up(watched: Watched, after_s: float, hung_up: list[bool]) -> None:
    watched.look_until(after_s)

    assert watched.hung_up == hung_up
