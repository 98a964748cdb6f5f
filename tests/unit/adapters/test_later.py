"""What is done later: in order, together, soon, and not for long without."""

from collections.abc import Callable

import gevent
import pytest

from postledger.adapters.later import WITHIN_S, Later


def wait_for(claim: Callable[[], object]) -> None:
    with gevent.Timeout(20 * WITHIN_S):
        while not claim():
            gevent.idle()


def test_items_are_handed_on_soon_together_and_in_order() -> None:
    batches: list[list[int]] = []
    later = Later(batches.append)

    for number in range(1000):
        later.add(number)
    wait_for(lambda: batches)
    later.add(1000)
    wait_for(lambda: batches[1:])

    assert batches == [list(range(1000)), [1000]]
    later.close()


def test_what_is_left_is_handed_on_at_the_end() -> None:
    batches: list[list[str]] = []
    later = Later(batches.append)

    later.add("last")
    later.close()

    assert batches == [["last"]]


def test_that_nothing_is_left_is_noted_time_and_again() -> None:
    noted: list[int] = []
    batches: list[list[str]] = []
    later = Later(batches.append, lambda: noted.append(len(batches)))

    wait_for(lambda: noted)
    later.add("item")
    wait_for(lambda: 1 in noted)

    assert noted == sorted(noted)
    assert noted[0] == 0
    later.close()


def test_a_bug_in_the_work_costs_its_items_and_not_those_that_come_after(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def work(items: list[str]) -> None:
        if "bad" in items:
            raise KeyError("s3cret")
        done.extend(items)

    later = Later(work)
    later.add("bad")
    wait_for(lambda: caplog.messages)
    later.add("good")
    wait_for(lambda: done)

    assert done == ["good"]
    assert caplog.messages == ["bug: type=KeyError at=flush of 1"]
    later.close()
