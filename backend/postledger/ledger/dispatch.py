"""Hands the changes in the outbox to whatever follows from them: expense lines, deliveries.

One transaction deletes the changes and writes all that follows, so there is no state in between that could be lost.
One worker dispatches at a time. The others try again within 200 ms, so one of them goes on if that worker dies.

A change that cannot be handed over holds up no other: it is set aside, and an operator puts it back.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from postledger.ledger.outbox import Change, Discarded, discard_changes, take_changes
from postledger.ledger.set_aside import Place, find_oldest, set_aside
from postledger.platform.logs import tell_where
from postledger.platform.postgres.advisory_locks import DISPATCHER, wait_for_lock
from postledger.platform.postgres.errors import Cause, DatabaseFailed, translate
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.ledger")

BATCH_CHANGES = 1000
ATTEMPTS = 3
"""So often a change is handed over alone before it is set aside."""
_NARROWED_BY = 10
_log = logging.getLogger("postledger.worker")

Consumer = Callable[[Connection[Any], Sequence[Change], datetime], None]
"""Writes what follows from changes, in the transaction of the connection. The time is Postgres', once a batch."""


def dispatch(
    connection: Connection[Any], consumers: Sequence[Consumer], limit: int = BATCH_CHANGES
) -> list[Change] | None:
    """Hand over up to `limit` changes and return them. None if another worker is dispatching."""
    with connection.transaction():
        # A statement of its own: a statement reads the ledger as it was when it began, so one that also waited for the
        # lock would not see what the dispatcher before it has written.
        is_dispatcher, now = _try_lock(connection)
        if not is_dispatcher:
            return None
        changes = take_changes(connection, limit)
        if changes:
            for consume in consumers:
                consume(connection, changes, now)
        return changes


def hold_dispatch(connection: Connection[Any]) -> None:
    """Let no worker dispatch until the end of this transaction. Call it before the statement that reads lines."""
    wait_for_lock(connection, DISPATCHER)


class Dispatcher:
    """Dispatches batch by batch. If a batch fails, smaller ones show which of its changes cannot be handed over.

    That one is set aside after `ATTEMPTS`. What fails for another reason, such as a lost connection, sets none aside.
    """

    def __init__(self, consumers: Sequence[Consumer]) -> None:
        self._consumers, self._limit = consumers, BATCH_CHANGES
        self._suspects = 0
        """How many of the next changes may be the one that a batch failed at."""
        self._failing: Place | None = None
        self._attempts = 0

    def dispatch(self, connection: Connection[Any]) -> list[Change] | None:
        """Hand over some changes and return them. None: another worker is dispatching, or one was set aside."""
        if self._limit == 1:
            changes = self._dispatch_one(connection)
        else:
            try:
                changes = dispatch(connection, self._consumers, self._limit)
            except Exception as error:
                if not _is_of_change(error):
                    raise
                self._suspects, self._limit = self._limit, self._limit // _NARROWED_BY
                return self.dispatch(connection)
        if changes is not None:
            self._widen(len(changes))
        return changes

    def _widen(self, handed_over: int) -> None:
        """Take whole batches again, as soon as those that were suspected are through."""
        self._suspects -= handed_over
        if self._suspects <= 0 or handed_over < self._limit:
            self._limit = BATCH_CHANGES

    def _dispatch_one(self, connection: Connection[Any]) -> list[Change] | None:
        with connection.transaction():
            # Here, because what is locked within a savepoint is free again when that is undone.
            is_dispatcher, now = _try_lock(connection)
            oldest = find_oldest(connection) if is_dispatcher else None
            if oldest is None:
                return [] if is_dispatcher else None
            try:
                return dispatch(connection, self._consumers, 1)
            except Exception as error:
                fault = f"{type(error).__name__} at {tell_where(error.__traceback__)}"
                if not (_is_of_change(error) and self._is_last_attempt(oldest)):
                    raise
                if not set_aside(connection, oldest, fault, now):
                    raise
        self._limit = BATCH_CHANGES
        fields = {"receipt": oldest.receipt, "fault": fault, "advice": "run postledger changes list"}
        _log.error("set a change aside", extra={"fields": fields})
        return None

    def _is_last_attempt(self, place: Place) -> bool:
        self._attempts = self._attempts + 1 if place == self._failing else 1
        self._failing = place
        return self._attempts >= ATTEMPTS


def _is_of_change(error: Exception) -> bool:
    """Whether another change may fare better: a bug of ours, or a value that Postgres refuses."""
    if isinstance(error, psycopg.Error):
        error = translate(error)
    if isinstance(error, DatabaseFailed):
        return error.cause is Cause.ROW
    return not isinstance(error, OSError | MemoryError)


class _Needed(Exception):
    """Something follows from changes after all."""


def discard(
    connection: Connection[Any], is_needed: Callable[[Connection[Any]], bool], limit: int = BATCH_CHANGES
) -> list[Discarded] | None:
    """Remove up to `limit` changes if nothing follows from any. None if another worker is dispatching, or if it does.

    Most ledgers have neither books nor forwards at first, and their postbacks must not pay for reading conversions.
    """
    with suppress(_Needed), connection.transaction():
        if not _try_lock(connection)[0]:
            return None
        discarded = discard_changes(connection, limit)
        # Asked after the changes were read: one that follows `apply` is not removed with those before it.
        if is_needed(connection):
            raise _Needed
        return discarded
    return None


def _try_lock(connection: Connection[Any]) -> tuple[bool, datetime]:
    row = connection.execute(sql("try_dispatcher_lock"), (DISPATCHER,)).fetchone()
    assert row is not None, "the statement has no condition"
    return bool(row[0]), row[1]
