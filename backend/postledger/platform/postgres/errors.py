"""Errors of Postgres and its driver, translated into a few of our own: the only place that reads SQLSTATEs.

A translated error holds a cause and the SQLSTATE, and never the driver's message, which may quote values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus


class Cause(StrEnum):
    """Why a write failed. The values are labels of a metric, so the list is closed."""

    CONNECTION = "connection"
    """The connection was lost, or none could be opened."""
    LOCK = "lock"
    """Another session holds a lock for too long."""
    DEADLOCK = "deadlock"
    """Two transactions waited for each other, and Postgres ended this one."""
    TIMEOUT = "timeout"
    """The statement took too long, or was cancelled."""
    RESOURCES = "resources"
    """The disk is full, or Postgres is out of memory or connections."""
    REFUSED = "refused"
    """Postgres refuses the statement for another reason: a missing column, a missing grant."""
    ROW = "row"
    """Postgres refuses a value of the row."""
    BUG = "bug"
    """An exception that does not come from Postgres."""


class DatabaseFailed(Exception):
    """Postgres did not do what it was asked to do."""

    def __init__(self, cause: Cause, sqlstate: str | None = None) -> None:
        super().__init__(f"{cause} ({sqlstate or 'no SQLSTATE'})")
        self.cause, self.sqlstate = cause, sqlstate

    @property
    def is_transient(self) -> bool:
        """Whether the same statement may succeed at once: over a fresh connection, or without the other transaction."""
        return self.cause in (Cause.CONNECTION, Cause.DEADLOCK)


_CAUSES = {
    # The server, or this session of it, ends; or it only reads, as one that is no longer the primary does.
    "08": Cause.CONNECTION,
    "57P01": Cause.CONNECTION,
    "57P02": Cause.CONNECTION,
    "57P03": Cause.CONNECTION,
    "25006": Cause.CONNECTION,
    "40": Cause.DEADLOCK,
    "55P03": Cause.LOCK,
    "57014": Cause.TIMEOUT,
    "53": Cause.RESOURCES,
    "58": Cause.RESOURCES,
    # What a value can cause: a row that meets another one twice, data, constraints, limits such as the size of an index
    # entry, and internal errors, which are bugs of Postgres.
    "21": Cause.ROW,
    "22": Cause.ROW,
    "23": Cause.ROW,
    "54": Cause.ROW,
    "XX": Cause.ROW,
}


def translate(error: psycopg.Error, connection: Connection[Any] | None = None) -> DatabaseFailed:
    """Tell what an error means, from the state of the connection and the SQLSTATE.

    The class of the exception does not tell: to the driver a deadlock and a lost connection are both operational.
    """
    state = error.sqlstate
    if connection is not None and connection.closed:
        return DatabaseFailed(Cause.CONNECTION, state)
    if state is None:  # the driver's own error: it cannot go on with the connection, or rejects a value
        is_lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return DatabaseFailed(Cause.CONNECTION if is_lost else Cause.ROW)
    cause = next((cause for prefix, cause in _CAUSES.items() if state.startswith(prefix)), Cause.REFUSED)
    return DatabaseFailed(cause, state)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise `DatabaseFailed` in place of the driver's errors."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def is_usable(connection: Connection[Any]) -> bool:
    """Return whether the connection can take another statement: it is open and in no transaction."""
    return not connection.closed and connection.pgconn.transaction_status == TransactionStatus.IDLE
