"""The rows that requests handed to the writer: those in the queue, and the batch that is being written.

A row is in one of the two until its request is answered, so no exception can leave a request without an answer.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from gevent.event import AsyncResult

from postledger.vocabulary.refusal import Reason, Refused

Row = TypeVar("Row")
Result = TypeVar("Result")


class Waiting(Generic[Row, Result]):
    """One row, and the result that its request waits for."""

    __slots__ = ("result", "row", "since_s")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.result: AsyncResult[Result] = AsyncResult()
        self.since_s = time.monotonic()

    def refuse(self) -> None:
        """Answer 503: the sender is to repeat the request."""
        self.result.set_exception(Refused(Reason.UNAVAILABLE))


class WaitingRows(Generic[Row, Result]):
    """The queue and the batch in flight. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.queue: deque[Waiting[Row, Result]] = deque()
        self.batch: list[Waiting[Row, Result]] = []
        self.began_s: float | None = None
        """When the writer began to write. None while it waits for rows."""

    def take(self, limit: int) -> Sequence[Waiting[Row, Result]]:
        """Move up to `limit` rows from the queue into the batch."""
        self.begin()
        for _ in range(min(len(self.queue), limit)):
            self.batch.append(self.queue.popleft())
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
        while self.queue and self.queue[0].since_s < overdue_s:
            self.queue.popleft().refuse()

    def refuse_batch(self) -> None:
        """Answer every request of the batch that has no result."""
        refuse(self.batch)
        self.finish()

    def refuse_all(self) -> None:
        """Answer every request."""
        self.refuse_batch()
        while self.queue:
            self.queue.popleft().refuse()

    def leave_out(self, pause_s: float, now_s: float) -> None:
        """Shift every waiting time by a pause of the machine."""
        if self.began_s is not None:
            self.began_s = min(self.began_s + pause_s, now_s)
        for waiting in (*self.batch, *self.queue):
            waiting.since_s = min(waiting.since_s + pause_s, now_s)


def is_awaited(batch: Sequence[Waiting[Row, Result]]) -> bool:
    """Return whether a request of the batch is still without an answer: the last one, which is overdue last."""
    return not batch[-1].result.ready()


def refuse(batch: Sequence[Waiting[Row, Result]]) -> None:
    """Answer every request of the batch that has no result."""
    for waiting in batch:
        if not waiting.result.ready():
            waiting.refuse()
