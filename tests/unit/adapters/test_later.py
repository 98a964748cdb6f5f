"""What is done later: in order, together, soon, and at no request's cost."""

import gevent
import pytest

from postledger.adapters.later import AT_ONCE, WITHIN_S, Later


def test_items_are_handed_on_together_and_in_order() -> None:
    batches: list[list[int]] = []
    later = Later(batches.append)

    for number in range(2 * AT_ONCE):
        later.add(number)

    assert batches == [list(range(AT_ONCE)), list(range(AT_ONCE, 2 * AT_ONCE))]
    later.close()


def test_a_single_item_does_not_wait_for_company() -> None:
    batches: list[list[str]] = []
    later = Later(batches.append)

    later.add("alone")
    with gevent.Timeout(20 * WITHIN_S):
        while not batches:
            gevent.idle()

    assert batches == [["alone"]]
    later.close()


def test_what_is_left_is_handed_on_at_the_end() -> None:
    batches: list[list[str]] = []
    later = Later(batches.append)

    later.add("last")
    later.close()

    assert batches == [["last"]]


def test_a_bug_in_the_work_costs_its_items_and_not_the_request_that_brought_the_last(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[int] = []

    def work(items: list[int]) -> None:
        if 0 in items:
            raise KeyError("s3cret")
        done.extend(items)

    later = Later(work)
    for number in range(2 * AT_ONCE):
        later.add(number)

    assert done == list(range(AT_ONCE, 2 * AT_ONCE))
    assert caplog.messages == [f"bug: type=KeyError at=flush of {AT_ONCE}"]
    later.close()
