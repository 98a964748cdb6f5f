"""Errors of Postgres and its driver, translated into a few of our own: the only place that reads SQLSTATEs.

A translated error holds a cause and the SQLSTATE, and never the driver's message, which may quote values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import Connection, errors
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
    """Postgres did not do what it was asked to do. `advice` tells an operator why and what to do."""

    def __init__(self, cause: Cause, sqlstate: str | None = None, advice: str = "") -> None:
        super().__init__(f"{cause} ({sqlstate or 'no SQLSTATE'})")
        self.cause, self.sqlstate, self.advice = cause, sqlstate, advice

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


_CANNOT_CONNECT = {
    "refused": "nothing listens at DATABASE_URL; start Postgres, or correct DATABASE_URL",
    "No such file": "the socket in DATABASE_URL does not exist; start Postgres, or correct DATABASE_URL",
    "authentication failed": "Postgres rejects the user or the password in DATABASE_URL; correct it",
    "does not exist": "the database or the role in DATABASE_URL does not exist; create it, or correct DATABASE_URL",
    "resolve host": "the host in DATABASE_URL cannot be found; correct it",
    "translate host": "the host in DATABASE_URL cannot be found; correct it",
    "starting up": "Postgres is starting; try again in a moment",
}
"""By a part of libpq's message, because libpq gives no SQLSTATE for an error before the server accepts a session."""
_ADVICE: dict[type[psycopg.Error], str] = {
    errors.UndefinedTable: "a table of the ledger is missing; run: postledger migrate",
    errors.UndefinedColumn: "the ledger's schema belongs to another release; run: postledger migrate",
    errors.LockNotAvailable: "another program holds a lock on the ledger; try again in a moment",
    errors.QueryCanceled: "Postgres did not finish in time; ask for less, or try again",
    errors.InsufficientPrivilege: "the user in DATABASE_URL may not do this; use the owner of the ledger",
}


def translate(error: psycopg.Error, connection: Connection[Any] | None = None) -> DatabaseFailed:
    """Tell what an error means, from the state of the connection and the SQLSTATE.

    The class of the exception does not tell: to the driver a deadlock and a lost connection are both operational.
    """
    state = error.sqlstate
    if connection is not None and connection.closed:
        return DatabaseFailed(Cause.CONNECTION, state, advise(error))
    if state is None:  # the driver's own error: it cannot go on with the connection, or rejects a value
        is_lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return DatabaseFailed(Cause.CONNECTION if is_lost else Cause.ROW, None, advise(error))
    cause = next((cause for prefix, cause in _CAUSES.items() if state.startswith(prefix)), Cause.REFUSED)
    return DatabaseFailed(cause, state, advise(error))


def advise(error: psycopg.Error) -> str:
    """Say why an error happened and what to do, for an operator. The message of the driver is not part of it."""
    for kind, advice in _ADVICE.items():
        if isinstance(error, kind):
            return advice
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        text = str(error)
        found = next((advice for sign, advice in _CANNOT_CONNECT.items() if sign in text), None)
        return found or "Postgres does not answer; check that it runs and can be reached"
    return f"Postgres reports {type(error).__name__} ({error.sqlstate or 'check DATABASE_URL'})"


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
