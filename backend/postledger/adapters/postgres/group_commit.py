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

from postledger.domain.refusal import Reason, Refused

Row = TypeVar("Row")
Result = TypeVar("Result")

_log = logging.getLogger("postledger.ledger")

ANSWER_WITHIN_S = 1.5
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class RowRejected(Exception):
    """Postgres refused one row that had passed every check: a bug, which must not take the row's neighbours with it."""


def _unavailable() -> Refused:
    return Refused(Reason.UNAVAILABLE)


class _Waiting(Generic[Row, Result]):
    """A row on its way to the disk, and the place where its result will appear."""

    __slots__ = ("abandoned", "result", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.result: AsyncResult[Result] = AsyncResult()
        self.abandoned = False  # its sender was told 503 already, so that an unwritten row may be dropped


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
    ) -> None:
        self._connect, self._write = connect, write
        self._queue_limit, self._flush_rows = queue_limit, flush_rows
        self._observe_flush = observe_flush
        self._connection: Connection[Any] | None = None
        self._queue: deque[_Waiting[Row, Result]] = deque()
        self._filled = Event()
        self._closing = False
        self._writer = gevent.spawn(self._run)

    def submit(self, row: Row) -> Result:
        """Hand a row in and wait for its result; raises `Refused` (unavailable), and at once when too many wait."""
        if len(self._queue) >= self._queue_limit or self._closing:
            raise _unavailable()
        waiting: _Waiting[Row, Result] = _Waiting(row)
        self._queue.append(waiting)
        self._filled.set()
        try:
            return waiting.result.get(timeout=ANSWER_WITHIN_S)  # type: ignore[return-value]
        except gevent.Timeout:
            waiting.abandoned = True
            raise _unavailable() from None

    def close(self) -> None:
        """Write what was taken, then stop."""
        self._closing = True
        self._filled.set()
        self._writer.join()
        self._drop_connection()

    def _run(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                self._filled.wait()
                self._filled.clear()
                continue
            batch = self._take()
            if batch:
                self._flush(batch)

    def _take(self) -> list[_Waiting[Row, Result]]:
        count = min(len(self._queue), self._flush_rows)
        taken = [self._queue.popleft() for _ in range(count)]
        return [waiting for waiting in taken if not waiting.abandoned]

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
