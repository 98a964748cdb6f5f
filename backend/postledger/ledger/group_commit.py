"""The group commit: one writer per process commits the rows that gathered while it committed the previous ones.

There is no timer and no added delay: an idle system commits one row at once, a busy one dozens together. A request
waits until its row is on disk, and only then is acknowledged.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import gevent
import psycopg
from gevent.event import Event
from psycopg import Connection

from postledger.ledger.waiting_rows import Result, Row, Waiting, WaitingRows, is_awaited, refuse, wake
from postledger.ledger.writer_clock import WriterClock
from postledger.ledger.writer_state import WriterState
from postledger.platform.postgres.connection import shut_down
from postledger.platform.postgres.errors import Cause, DatabaseFailed, is_usable, translate, translated_errors
from postledger.platform.timeouts import CHECK_EVERY_S, CLOCK_EVERY_S, OPEN_WITHIN_S
from postledger.vocabulary.refusal import Reason, Refused

Used = TypeVar("Used")

_log = logging.getLogger("postledger.ledger")


class RowRejected(Exception):
    """Postgres refused one row that had passed every check: a bug, which must not fail the other rows of its batch."""


class ResultsDiffer(Exception):
    """The number of results differs from the number of rows, so no result can be given to its row: a bug."""


class GroupCommit(Generic[Row, Result]):
    """A writer greenlet with a connection of its own, which it reopens when it is lost, and the clock that watches it.

    - `write` commits rows and returns their results in the same order. It must be idempotent.
    - `check` raises if rows cannot be written. An idle writer calls it after a failed write, until it succeeds.
    - `end_process` is called when the writer or its clock has died, which no code here can repair.
    """

    def __init__(
        self,
        connect: Callable[[], Connection[Any]],
        write: Callable[[Connection[Any], Sequence[Row]], Sequence[Result]],
        *,
        check: Callable[[Connection[Any]], None],
        queue_limit: int,
        flush_rows: int,
        observe_flush: Callable[[int, float], None],
        note_waiting: Callable[[int], None],
        count_failure: Callable[[Cause], None],
        note_failing: Callable[[bool], None],
        end_process: Callable[[], None],
    ) -> None:
        self._connect, self._write, self._check = connect, write, check
        self._flush_rows, self._observe_flush, self._end_process = flush_rows, observe_flush, end_process
        self._connection: Connection[Any] | None = None
        self._rows: WaitingRows[Row, Result] = WaitingRows(queue_limit)
        self._filled = Event()
        self._closing = False
        self._state = WriterState(count_failure, note_failing)
        self._writer = gevent.spawn(self._run)
        self._clock = gevent.spawn(WriterClock(self._rows, self._state, note_waiting, self._hang_up).run)
        for greenlet in (self._writer, self._clock):
            greenlet.link(self._note_death)

    def is_failing(self) -> bool:
        """Return whether rows are likely to be refused: the last write failed, or the writer or its clock is dead."""
        return self._state.is_failing or self._writer.ready() or self._clock.ready()

    def submit(self, row: Row) -> Result:
        """Hand in a row and wait for its result. Raises `Refused` (unavailable), at once if the queue is full."""
        if self._closing:
            raise Refused(Reason.UNAVAILABLE)
        return self._await_result(self._rows.add(row))

    def submit_sheddable(self, row: Row) -> Result:
        """Hand in a row that anyone can cause, and wait for its result. It gives way to the rows of `submit`.

        Raises `Shed` if the queue has no place for it, and `Refused` (unavailable) if it cannot be written, at once
        while writes fail. Either way the row is not stored.
        """
        if self._closing or self._state.is_failing:
            raise Refused(Reason.UNAVAILABLE)
        return self._await_result(self._rows.add_sheddable(row))

    def _await_result(self, waiting: Waiting[Row, Result]) -> Result:
        self._filled.set()
        return waiting.wait()

    def close(self) -> None:
        """Write the rows that were handed in, then stop."""
        self._closing = True
        self._filled.set()
        self._writer.join()
        self._clock.kill()
        self._rows.refuse_all()
        self._drop_connection()

    def _run(self) -> None:
        while self._rows or not self._closing:
            try:
                self._work()
            except Exception as error:  # a bug: it costs this batch, and must not cost the writer
                self._state.log_bug(error)
                self._state.fail(Cause.BUG)
                self._rows.refuse_batch()
                gevent.sleep(CLOCK_EVERY_S)  # a bug that comes at each turn must leave time for everything else

    def _work(self) -> None:
        if not self._rows:
            self._await_rows()
            return
        self._gather()
        self._flush(self._rows.take(self._flush_rows))
        self._rows.finish()

    def _await_rows(self) -> None:
        has_rows = self._filled.wait(timeout=CHECK_EVERY_S if self._state.is_failing else None)
        self._filled.clear()
        if not has_rows:
            self._check_ledger()

    def _gather(self) -> None:
        # Let the event loop run as long as each turn brings more rows. It adds no delay, and rows that have arrived
        # join this batch instead of waiting for a commit of the one request that was read first.
        gathered = 0
        while gathered < len(self._rows) < self._flush_rows:
            gathered = len(self._rows)
            gevent.sleep(0)

    def _flush(self, batch: Sequence[Waiting[Row, Result]]) -> None:
        started_s = time.perf_counter()
        try:
            results = self._write_twice(batch)
        except Exception as error:
            self._fail(batch, error)
            return
        if len(results) != len(batch):
            raise ResultsDiffer
        for waiting, result in zip(batch, results, strict=True):
            waiting.settle(result)
        wake(batch)
        self._state.succeed()
        self._state.report(self._observe_flush, len(batch), time.perf_counter() - started_s)

    def _write_twice(self, batch: Sequence[Waiting[Row, Result]]) -> Sequence[Result]:
        def write(connection: Connection[Any]) -> Sequence[Result]:
            if not is_awaited(batch):  # connecting took too long, and what is answered 503 is not written afterwards
                raise DatabaseFailed(Cause.CONNECTION)
            return self._write(connection, [waiting.row for waiting in batch])

        # A deadlock, or a connection that died unnoticed or in the commit, costs no request its answer: the batch is
        # written again, and the rows that did arrive the first time are recognised by their receipts.
        try:
            return self._use_connection(write)
        except DatabaseFailed as error:
            if not error.is_transient or not is_awaited(batch):
                raise
        return self._use_connection(write)

    def _fail(self, batch: Sequence[Waiting[Row, Result]], error: Exception) -> None:
        if isinstance(error, DatabaseFailed) and error.cause is not Cause.ROW:
            self._state.fail(error.cause, error.sqlstate)
            refuse(batch)
        elif len(batch) == 1:
            self._reject(batch[0], error)
        else:
            self._bisect(batch)

    def _bisect(self, batch: Sequence[Waiting[Row, Result]]) -> None:
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            if is_awaited(half):
                self._flush(half)

    def _reject(self, waiting: Waiting[Row, Result], error: Exception) -> None:
        if isinstance(error, DatabaseFailed):
            _log.error("a row was rejected: sqlstate=%s", error.sqlstate)
            self._state.count(Cause.ROW)
        else:
            self._state.log_bug(error)
            self._state.count(Cause.BUG)
        waiting.fail(RowRejected())

    def _check_ledger(self) -> None:
        self._rows.begin()
        try:
            self._use_connection(self._check)
        except DatabaseFailed as error:
            self._state.fail(error.cause, error.sqlstate)
        else:
            self._state.succeed()
        self._rows.finish()

    def _use_connection(self, use: Callable[[Connection[Any]], Used]) -> Used:
        connection = self._open_connection()
        try:
            return use(connection)
        except psycopg.Error as error:
            failed = translate(error, connection)
            self._keep_usable(connection, failed.cause)
            raise failed from error
        except BaseException:
            self._keep_usable(connection)
            raise

    def _keep_usable(self, connection: Connection[Any], cause: Cause | None = None) -> None:
        if cause is Cause.CONNECTION or not is_usable(connection):
            self._drop_connection()

    def _open_connection(self) -> Connection[Any]:
        if self._connection is None:
            with translated_errors(), gevent.Timeout(OPEN_WITHIN_S, DatabaseFailed(Cause.CONNECTION)):
                self._connection = self._connect()
        return self._connection

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _hang_up(self) -> None:
        if self._connection is not None:
            shut_down(self._connection)

    def _note_death(self, _: object) -> None:
        if not self._closing:
            self._closing = True  # no more rows are taken
            _log.critical("the writer or its clock died, so this process ends")
            self._rows.refuse_all()
            self._end_process()
