"""Sends what was leased for one forward, within its limits: so many at once, so many a second.

Each forward has a lane of its own, so one whose receiver hangs delays no other.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable

import gevent
from gevent.lock import BoundedSemaphore

from postledger.outgoing.delivery import Leased

MOST_AHEAD = 500
"""How many deliveries of one forward are leased ahead of sending them."""
_AHEAD_S = 10
"""With a rate: for how long ahead. A delivery must be sent before its lease runs out."""
_CATCH_UP_S = 0.1
"""How late a send may be without slowing down the ones after it."""

Send = Callable[[Leased], bool]
"""Sends a delivery and returns whether it was delivered."""


def find_start(turn_s: float, now_s: float) -> float:
    """Return from when on the next turn counts: this turn, or a while ago if that is long past. Monotonic seconds."""
    return max(turn_s, now_s - _CATCH_UP_S)


class Lane:
    """The deliveries of one forward that this worker has leased.

    What waited for `sendable_s` since it was leased is dropped: its lease would run out while it is sent.
    """

    def __init__(self, send: Send, *, concurrency: int, rate: float | None, sendable_s: float) -> None:
        self._send, self._sendable_s = send, sendable_s
        self._pace_s = 0.0 if rate is None else 1 / rate
        self._most_ahead = MOST_AHEAD if rate is None else min(MOST_AHEAD, int(rate * _AHEAD_S))
        self._concurrency, self._slots = concurrency, BoundedSemaphore(concurrency)
        self._waiting: deque[tuple[float, Leased]] = deque()
        self._feeder: gevent.Greenlet[..., None] | None = None
        self._next_s = 0.0
        self._sending, self._delivered = 0, 0

    @property
    def is_busy(self) -> bool:
        """Whether something is being sent or waits for it."""
        return bool(self._sending or self._waiting)

    def count_room(self) -> int:
        """Count the deliveries to lease now: twice what was delivered since the last time, and never fewer than fit.

        So a fast receiver gets long batches. Behind a slow one nothing waits until its lease runs out, and one that
        fails gets no more than it fails until its circuit opens.
        """
        wanted = min(self._concurrency + 2 * self._delivered, self._most_ahead)
        self._delivered = 0
        return max(wanted - self._sending - len(self._waiting), 0)

    def add(self, leased: Iterable[Leased]) -> None:
        """Send these as soon as the limits allow it."""
        leased_s = time.monotonic()
        self._waiting.extend((leased_s, one) for one in leased)
        if self._waiting and (self._feeder is None or self._feeder.dead):
            self._feeder = gevent.spawn(self._feed)

    def take_back(self) -> list[Leased]:
        """Stop sending, except what is under way, and return the others."""
        if self._feeder is not None:
            self._feeder.kill()
        taken = [one for _, one in self._waiting]
        self._waiting.clear()
        return taken

    def _feed(self) -> None:
        while self._waiting:
            self._slots.acquire()
            try:
                self._pause()
            except BaseException:  # it was stopped
                self._slots.release()
                raise
            leased_s, leased = self._waiting.popleft()
            if time.monotonic() - leased_s < self._sendable_s:
                self._sending += 1
                gevent.spawn(self._send_one, leased)
            else:
                self._slots.release()

    def _pause(self) -> None:
        now_s = time.monotonic()
        start_s = find_start(self._next_s, now_s)
        if start_s > now_s:
            gevent.sleep(start_s - now_s)
        self._next_s = start_s + self._pace_s

    def _send_one(self, leased: Leased) -> None:
        try:
            is_delivered = self._send(leased)
            self._delivered += is_delivered
        finally:
            self._sending -= 1
            self._slots.release()
