"""How much one forward leases ahead, and how fast it sends."""

import gevent
import gevent.event
from hypothesis import given
from hypothesis import strategies as st

from postledger.outgoing.delivery import Leased
from postledger.outgoing.lane import MOST_AHEAD, Lane, find_start
from postledger.outgoing.rules.forward import Facts
from postledger.vocabulary.statuses import Status


def leased(number: int) -> list[Leased]:
    facts = Facts("r-1", 1, "c-1", "acme", "sale", Status.APPROVED, "ABC1")
    return [Leased(f"key-{one}", "r-1", 0, None, facts) for one in range(number)]


class Sent:
    """Delivers at once, and notes what."""

    def __init__(self) -> None:
        self.deliveries: list[Leased] = []

    def __call__(self, one: Leased) -> bool:
        """Deliver."""
        self.deliveries.append(one)
        return True


def run(lane: Lane) -> None:
    while lane.is_busy:
        gevent.sleep(0.001)


@given(st.lists(st.floats(0, 0.5), min_size=2, max_size=60))
def test_a_rate_is_not_exceeded(delays_s: list[float]) -> None:
    """Up to a tenth of a second of lateness may be caught up, whatever delays the sends."""
    pace_s, turn_s, now_s, sent_s = 1 / 50, 0.0, 100.0, list[float]()
    for delay_s in delays_s:
        now_s += delay_s
        start_s = find_start(turn_s, now_s)
        now_s = max(now_s, start_s)
        turn_s = start_s + pace_s
        sent_s.append(now_s)

    for first, early in enumerate(sent_s):
        for later, late in enumerate(sent_s[first:]):
            assert late - early >= later * pace_s - 0.1 - 1e-9


def test_what_has_its_turn_later_waits() -> None:
    sent = Sent()
    lane = Lane(sent, concurrency=8, rate=0.001, sendable_s=60)

    lane.add(leased(3))
    gevent.idle()

    assert len(sent.deliveries) == 1
    assert len(lane.take_back()) == 2


def test_no_more_are_sent_at_once_than_a_forward_allows() -> None:
    sending: list[Leased] = []
    answers = gevent.event.Event()

    def send(one: Leased) -> bool:
        sending.append(one)
        return answers.wait()

    lane = Lane(send, concurrency=3, rate=None, sendable_s=60)
    lane.add(leased(9))
    gevent.idle()
    assert len(sending) == 3

    answers.set()
    run(lane)
    assert len(sending) == 9


def test_a_fast_receiver_gets_longer_batches() -> None:
    lane = Lane(lambda _: True, concurrency=8, rate=None, sendable_s=60)
    assert lane.count_room() == 8

    lane.add(leased(8))
    run(lane)
    assert lane.count_room() == 8 + 2 * 8

    lane.add(leased(4 * MOST_AHEAD))
    run(lane)
    assert lane.count_room() == MOST_AHEAD


def test_a_receiver_that_fails_gets_no_longer_batches() -> None:
    lane = Lane(lambda _: False, concurrency=8, rate=None, sendable_s=60)

    lane.add(leased(8))
    run(lane)

    assert lane.count_room() == 8


def test_behind_a_slow_receiver_nothing_is_leased_ahead() -> None:
    answers = gevent.event.Event()
    lane = Lane(lambda _: answers.wait(), concurrency=2, rate=None, sendable_s=60)

    lane.add(leased(2))
    gevent.sleep(0)
    assert lane.count_room() == 0

    answers.set()
    run(lane)


def test_what_waited_too_long_is_not_sent() -> None:
    sent = Sent()
    lane = Lane(sent, concurrency=1, rate=None, sendable_s=0)

    lane.add(leased(3))
    run(lane)

    assert sent.deliveries == []


def test_what_is_taken_back_is_not_sent() -> None:
    sent = Sent()
    lane = Lane(sent, concurrency=1, rate=None, sendable_s=60)

    lane.add(leased(3))
    assert len(lane.take_back()) == 3
    run(lane)

    assert sent.deliveries == []
