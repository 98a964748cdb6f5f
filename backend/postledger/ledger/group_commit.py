"""The group commit: each process has one writer, and what gathers while it commits goes into its next commit.

No timer and no added delay: an idle system commits one row at once, a busy one dozens together. Whoever hands a row in
waits until it is on disk, or is refused as unavailable; nothing is acknowledged that is not committed.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import gevent
import psycopg
from gevent.event import AsyncResult, Event
from psycopg import Connection

from postledger.vocabulary.refusal import Reason, Refused

Row = TypeVar("Row")
Result = TypeVar("Result")

_log = logging.getLogger("postledger.ledger")

ANSWER_WITHIN_S = 1.4
CLOCK_EVERY_S = 0.1
GAP_S = 1.0  # so late comes the clock where nobody let this process run, and not where it has much to do
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class RowRejected(Exception):
    """Postgres refused one row that had passed every check: a bug, which must not take the row's neighbours with it."""


def _unavailable() -> Refused:
    return Refused(Reason.UNAVAILABLE)


class _Waiting(Generic[Row, Result]):
    """A row on its way to the disk, and the place where its result will appear."""

    __slots__ = ("result", "row", "since_s")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.result: AsyncResult[Result] = AsyncResult()
        self.since_s = time.monotonic()


class GroupCommit(Generic[Row, Result]):
    """One writer greenlet over one connection of its own, which it opens again whenever it is lost."""

    def __init__(
        self,
        connect: Callable[[], Connection[Any]],
        write: Callable[[Connection[Any], Sequence[Row]], Sequence[Result]],
        *,
        queue_limit: int,
        flush_rows: int,
        observe_flush: Callable[[int, float], None],
        note_waiting: Callable[[int], None],
    ) -> None:
        self._connect, self._write = connect, write
        self._queue_limit, self._flush_rows = queue_limit, flush_rows
        self._observe_flush, self._note_waiting = observe_flush, note_waiting
        self._connection: Connection[Any] | None = None
        self._queue: deque[_Waiting[Row, Result]] = deque()
        self._in_flight: Sequence[_Waiting[Row, Result]] = ()
        self._filled = Event()
        self._closing = False
        self._writer = gevent.spawn(self._run)
        self._clock = gevent.spawn(self._watch)

    def submit(self, row: Row) -> Result:
        """Hand a row in and wait for its result; raises `Refused` (unavailable), and at once when too many wait."""
        if len(self._queue) >= self._queue_limit or self._closing:
            raise _unavailable()
        waiting: _Waiting[Row, Result] = _Waiting(row)
        self._queue.append(waiting)
        self._filled.set()
        return waiting.result.get()  # type: ignore[return-value]

    def close(self) -> None:
        """Write what was taken, then stop."""
        self._closing = True
        self._filled.set()
        self._writer.join()
        self._clock.kill()
        self._drop_connection()

    def _run(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                self._filled.wait()
                self._filled.clear()
                continue
            self._gather()
            self._in_flight = self._take()
            self._flush(self._in_flight)
            self._in_flight = ()

    def _gather(self) -> None:
        # Around the event loop for as long as each turn brings more, which adds no delay: what has arrived already
        # comes along, instead of waiting for the commit of the one request that happened to be read first.
        gathered = 0
        while gathered < len(self._queue) < self._flush_rows:
            gathered = len(self._queue)
            gevent.sleep(0)

    def _take(self) -> list[_Waiting[Row, Result]]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._flush_rows))]

    def _watch(self) -> None:
        # One clock for all, because a timer for each request costs more than the rest of its wait. A row that was not
        # taken yet is dropped: its sender was told to try again.
        looked_s = time.monotonic()
        while True:
            gevent.sleep(CLOCK_EVERY_S)
            looked_s = self._leave_out_gap(looked_s)
            overdue_s = looked_s - ANSWER_WITHIN_S
            self._fail([waiting for waiting in self._in_flight if waiting.since_s < overdue_s], _unavailable)
            while self._queue and self._queue[0].since_s < overdue_s:
                self._fail([self._queue.popleft()], _unavailable)
            self._note_waiting(len(self._queue))  # here, because a writer that hangs would not tell

    def _leave_out_gap(self, looked_s: float) -> float:
        # After a pause of the machine the answers are there, or come at once: whoever was told to come again would only
        # send what is on the ledger already.
        now_s = time.monotonic()
        gap_s = now_s - looked_s
        if gap_s > GAP_S:
            for waiting in (*self._in_flight, *self._queue):
                waiting.since_s = min(waiting.since_s + gap_s, now_s)
        return now_s

    def _flush(self, batch: Sequence[_Waiting[Row, Result]]) -> None:
        started_s = time.perf_counter()
        try:
            results = self._write_twice([waiting.row for waiting in batch])
        except _LOST:
            self._drop_connection()
            self._fail(batch, _unavailable)
        except Exception as error:  # whatever it was, nobody may wait for ever, and no neighbour may suffer
            self._bisect(batch, error)
        else:
            for waiting, result in zip(batch, results, strict=True):
                waiting.result.set(result)
            self._observe_flush(len(batch), time.perf_counter() - started_s)

    def _write_twice(self, rows: Sequence[Row]) -> Sequence[Result]:
        # A connection that died unnoticed, or whose commit went unanswered, costs nobody an answer: the batch is
        # written again over a fresh one, and rows that did arrive the first time are recognised by their receipts.
        try:
            return self._write(self._open_connection(), rows)
        except _LOST:
            had_connection = self._connection is not None
            self._drop_connection()
            if not had_connection:
                raise
        return self._write(self._open_connection(), rows)

    def _bisect(self, batch: Sequence[_Waiting[Row, Result]], error: Exception) -> None:
        if len(batch) == 1:
            # The message of a database error quotes values, so only its kind is told.
            _log.error("a row was rejected: %s %s", type(error).__name__, getattr(error, "sqlstate", None))
            self._fail(batch, RowRejected)
            return
        middle = len(batch) // 2
        self._flush(batch[:middle])
        self._flush(batch[middle:])

    def _fail(self, batch: Sequence[_Waiting[Row, Result]], error: Callable[[], Exception]) -> None:
        for waiting in batch:
            waiting.result.set_exception(error())

    def _open_connection(self) -> Connection[Any]:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
