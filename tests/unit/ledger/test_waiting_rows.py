"""The queue before the writer: which rows find a place, and which ones give way."""

from collections.abc import Iterable

import gevent
import pytest
from gevent.event import Event

from postledger.ledger.waiting_rows import Waiting, WaitingRows, is_awaited, wake
from postledger.vocabulary.refusal import Reason, Refused, Shed


def fill(rows: WaitingRows[str, int], *, postbacks: str = "", sheddable: str = "") -> dict[str, Waiting[str, int]]:
    return {**{row: rows.add(row) for row in postbacks}, **{row: rows.add_sheddable(row) for row in sheddable}}


def names(waiting: Iterable[Waiting[str, int]]) -> str:
    return "".join(one.row for one in waiting)


@pytest.mark.parametrize(("limit", "places"), [(1, 1), (2, 1), (5, 2), (1000, 500)])
def test_sheddable_rows_take_at_most_half_of_the_queue(limit: int, places: int) -> None:
    rows: WaitingRows[str, int] = WaitingRows(limit)
    fill(rows, sheddable="s" * places)

    with pytest.raises(Shed):
        rows.add_sheddable("s")


def test_the_newest_sheddable_row_gives_its_place_to_a_postback() -> None:
    rows: WaitingRows[str, int] = WaitingRows(4)
    waiting = fill(rows, sheddable="ab", postbacks="12")

    rows.add("3")

    assert (names(rows.queue), names(rows.sheddable)) == ("123", "a")
    assert isinstance(waiting["b"].error, Shed)
    assert not waiting["a"].is_settled


def test_postbacks_can_fill_the_whole_queue_after_strangers_did() -> None:
    rows: WaitingRows[str, int] = WaitingRows(4)
    fill(rows, sheddable="ab")

    fill(rows, postbacks="1234")

    assert (names(rows.queue), len(rows)) == ("1234", 4)
    with pytest.raises(Refused) as refused:
        rows.add("5")
    assert (type(refused.value), refused.value.refusal.reason) == (Refused, Reason.UNAVAILABLE)


def test_a_full_queue_has_no_place_for_a_sheddable_row() -> None:
    rows: WaitingRows[str, int] = WaitingRows(4)
    fill(rows, postbacks="1234")

    with pytest.raises(Shed):
        rows.add_sheddable("a")


def test_sheddable_rows_are_written_after_the_others() -> None:
    rows: WaitingRows[str, int] = WaitingRows(10)
    fill(rows, sheddable="abc", postbacks="12")

    first = names(rows.take(3))
    rows.finish()
    fill(rows, postbacks="3")

    assert (first, names(rows.take(3)), len(rows)) == ("12a", "3bc", 0)


def test_an_overdue_sheddable_row_leaves_the_queue() -> None:
    rows: WaitingRows[str, int] = WaitingRows(10)
    waiting = fill(rows, sheddable="ab")

    rows.refuse_overdue(waiting["a"].since_s + 60)

    assert (len(rows), [type(one.error) for one in waiting.values()]) == (0, [Refused, Refused])


def test_a_pause_is_left_out_of_the_wait_of_sheddable_rows() -> None:
    rows: WaitingRows[str, int] = WaitingRows(10)
    waiting = fill(rows, sheddable="a")["a"]
    since_s = waiting.since_s

    rows.leave_out(60.0, since_s + 90)

    assert waiting.since_s == since_s + 60


def test_a_batch_is_awaited_until_its_last_answer() -> None:
    rows: WaitingRows[str, int] = WaitingRows(10)
    waiting = fill(rows, sheddable="a", postbacks="1")
    batch = rows.take(2)

    waiting["a"].refuse()
    is_awaited_by_the_postback = is_awaited(batch)
    waiting["1"].refuse()

    assert (is_awaited_by_the_postback, is_awaited(batch)) == (True, False)


def test_all_requests_of_a_batch_get_their_own_results() -> None:
    batch: list[Waiting[str, int]] = [Waiting(row) for row in "abc"]
    requests = [gevent.spawn(waiting.wait) for waiting in batch]
    gevent.idle()

    for number, waiting in enumerate(batch):
        waiting.settle(number)
    wake(batch)

    assert [request.get() for request in requests] == [0, 1, 2]


def test_a_result_that_came_before_the_request_waits_is_not_lost() -> None:
    waiting: Waiting[str, int] = Waiting("a")
    waiting.settle(1)
    wake([waiting])
    gevent.idle()

    assert waiting.wait() == 1


def test_a_refused_request_stays_refused() -> None:
    """Its answer is on the way, so a result that comes later is nothing to it."""
    waiting: Waiting[str, int] = Waiting("a")
    request = gevent.spawn(waiting.wait)
    gevent.idle()

    waiting.refuse()
    waiting.settle(1)

    with pytest.raises(Refused):
        request.get()


def test_a_killed_request_is_not_woken() -> None:
    """Not while it waits for something else on its way out, either."""
    ending = Event()
    waiting: Waiting[str, int] = Waiting("a")

    def ask() -> str:
        try:
            waiting.wait()
        except gevent.GreenletExit:
            return "ended by itself" if ending.wait() else "woken"
        return "answered"

    request = gevent.spawn(ask)
    gevent.idle()
    request.kill(block=False)
    gevent.idle()
    waiting.settle(1)
    wake([waiting])
    gevent.idle()
    ending.set()

    assert request.get() == "ended by itself"


def test_a_request_that_ran_into_its_timeout_is_not_woken() -> None:
    waiting: Waiting[str, int] = Waiting("a")
    with pytest.raises(gevent.Timeout), gevent.Timeout(0):
        waiting.wait()

    waiting.settle(1)
    wake([waiting])
    gevent.idle()

    assert waiting.wait() == 1
