"""Hands the changes in the outbox to whatever follows from them: expense lines, deliveries.

One transaction deletes the changes and writes all that follows, so there is no state in between that could be lost.
One worker dispatches at a time. The others try again within 200 ms, so one of them goes on if that worker dies.

A change that cannot be handed over holds up no other: it is set aside, and an operator puts it back.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from psycopg import Connection

from postledger.ledger.narrowing import Narrowing, describe_fault, log_set_aside
from postledger.ledger.outbox import Change, Discarded, discard_changes, take_changes
from postledger.ledger.set_aside import ChangeRow, find_oldest, set_aside
from postledger.platform.postgres.advisory_locks import DISPATCHER, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.ledger")

BATCH_CHANGES = 1000

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
        self._consumers, self._narrowing = consumers, Narrowing(BATCH_CHANGES)

    def dispatch(self, connection: Connection[Any]) -> list[Change] | None:
        """Hand over some changes and return them. None: another worker is dispatching, or one was set aside."""
        changes = self._narrowing.hand_over(
            partial(dispatch, connection, self._consumers), partial(self._dispatch_one, connection)
        )
        if changes is not None:
            self._narrowing.widen(len(changes))
        return changes

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
                fault = describe_fault(error)
                if not (self._narrowing.is_hopeless(oldest, error) and set_aside(connection, oldest, fault, now)):
                    raise
        self._narrowing.start_over()
        log_set_aside(oldest, fault)
        return None


def set_published_aside(connection: Connection[Any], change: ChangeRow, fault: str) -> bool:
    """Set a change aside that left the outbox when it was published. False if it would be one too many."""
    with connection.transaction():
        hold_dispatch(connection)  # or several sessions could each set the last one aside
        return set_aside(connection, change, fault, read_clock(connection))


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
