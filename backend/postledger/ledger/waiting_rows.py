"""The rows that requests handed to the writer: those in the queue, and the batch that is being written.

A row is in one of the two until its request is answered, so no exception can leave a request without an answer.

Anyone can cause clicks and unauthenticated refusals. Their rows are sheddable: they take at most half of the queue,
they are written after the others, and the newest one leaves when its place is needed. They never displace a postback.
"""

import time
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Any, Generic, TypeVar

import gevent

from postledger.vocabulary.refusal import Reason, Refused, Shed

Row = TypeVar("Row")
Result = TypeVar("Result")


class Waiting(Generic[Row, Result]):
    """One row, and the request that waits for its result. `error`: what it was settled with in place of a result."""

    __slots__ = ("_greenlet", "_result", "error", "is_settled", "row", "since_s")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.is_settled = False
        self.since_s = time.monotonic()
        self.error: Exception | None = None
        self._result: Result | None = None
        self._greenlet: Any = None

    def wait(self) -> Result:
        """Wait for the result. Raises the error that the row was settled with."""
        hub, self._greenlet = gevent.get_hub(), gevent.getcurrent()
        try:
            while not self.is_settled:
                hub.switch()
        finally:  # also when the request is killed: nothing may switch to it afterwards
            self._greenlet = None
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value] # it was settled with one

    def settle(self, result: Result | None, error: Exception | None = None) -> None:
        """Note the result or the error, unless there is one. The request goes on after `wake`."""
        if not self.is_settled:
            self._result, self.error, self.is_settled = result, error, True

    def fail(self, error: Exception) -> None:
        """Raise this in the request, unless it has its answer."""
        self.settle(None, error)
        wake([self])

    def refuse(self) -> None:
        """Answer 503: the sender is to repeat the request."""
        self.fail(Refused(Reason.UNAVAILABLE))

    def shed(self) -> None:
        """Raise `Shed` in the request: another row needs the place."""
        self.fail(Shed())

    def resume(self) -> None:
        """Let the request run, from the event loop, if it waits: it may have been killed meanwhile."""
        if self._greenlet is not None:
            self._greenlet.switch()


class WaitingRows(Generic[Row, Result]):
    """The queue of at most `limit` rows, and the batch in flight. Times are seconds of the monotonic clock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.queue: deque[Waiting[Row, Result]] = deque()
        self.sheddable: deque[Waiting[Row, Result]] = deque()
        self.batch: list[Waiting[Row, Result]] = []
        self.began_s: float | None = None
        """When the writer began to write. None while it waits for rows."""

    def __len__(self) -> int:
        """Return how many rows wait in the queue."""
        return len(self.queue) + len(self.sheddable)

    def add(self, row: Row) -> Waiting[Row, Result]:
        """Add a row, in the place of the newest sheddable one if the queue is full. Raises `Refused`."""
        if len(self) >= self._limit:
            if not self.sheddable:
                raise Refused(Reason.UNAVAILABLE)
            self.sheddable.pop().shed()
        waiting: Waiting[Row, Result] = Waiting(row)
        self.queue.append(waiting)
        return waiting

    def add_sheddable(self, row: Row) -> Waiting[Row, Result]:
        """Add a row that gives way to others. Raises `Shed`."""
        if len(self.sheddable) >= max(1, self._limit // 2) or len(self) >= self._limit:
            raise Shed
        waiting: Waiting[Row, Result] = Waiting(row)
        self.sheddable.append(waiting)
        return waiting

    def take(self, limit: int) -> Sequence[Waiting[Row, Result]]:
        """Move up to `limit` rows from the queue into the batch, the sheddable ones last."""
        self.begin()
        for rows in (self.queue, self.sheddable):
            for _ in range(min(len(rows), limit - len(self.batch))):
                self.batch.append(rows.popleft())
        return self.batch

    def begin(self) -> None:
        """Note that the writer begins to write."""
        self.began_s = time.monotonic()

    def finish(self) -> None:
        """Forget the batch: its requests are answered, and the writer waits for rows."""
        self.batch, self.began_s = [], None

    def refuse_overdue(self, overdue_s: float) -> None:
        """Answer the requests that have waited since before `overdue_s`. Their rows leave the queue unwritten."""
        refuse([waiting for waiting in self.batch if waiting.since_s < overdue_s])
        for rows in (self.queue, self.sheddable):
            while rows and rows[0].since_s < overdue_s:
                rows.popleft().refuse()

    def refuse_batch(self) -> None:
        """Answer every request of the batch that has no result."""
        refuse(self.batch)
        self.finish()

    def refuse_all(self) -> None:
        """Answer every request."""
        self.refuse_batch()
        for rows in (self.queue, self.sheddable):
            while rows:
                rows.popleft().refuse()

    def leave_out(self, pause_s: float, now_s: float) -> None:
        """Shift every waiting time by a pause of the machine."""
        if self.began_s is not None:
            self.began_s = min(self.began_s + pause_s, now_s)
        for waiting in chain(self.batch, self.queue, self.sheddable):
            waiting.since_s = min(waiting.since_s + pause_s, now_s)


def is_awaited(batch: Sequence[Waiting[Row, Result]]) -> bool:
    """Return whether a request of the batch is still without an answer. The newest ones are overdue last."""
    return not all(waiting.is_settled for waiting in reversed(batch))


def refuse(batch: Sequence[Waiting[Row, Result]]) -> None:
    """Answer every request of the batch that has no result."""
    for waiting in batch:
        if not waiting.is_settled:
            waiting.refuse()


def wake(batch: Sequence[Waiting[Row, Result]]) -> None:
    """Let the requests of settled rows go on: one callback of the event loop for all of them."""
    gevent.get_hub().loop.run_callback(_resume, batch)


def _resume(batch: Sequence[Waiting[Row, Result]]) -> None:
    for waiting in batch:
        waiting.resume()
