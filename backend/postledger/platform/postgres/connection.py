"""Connections to Postgres, with what each of them needs: timeouts, a name, and durable commits."""

import os
import socket
from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.platform.timeouts import CLIENT_CHECK_MS, CONNECT_S, IDLE_TRANSACTION_MS, KEEPALIVE_S, PATIENT_CONNECT_S

sql = statements_of("postledger.platform.postgres")

LedgerConnection = Connection[Any]
"""The type of a connection, for callers that must not import the driver."""
WRITER = "ledger"
"""The name of the connections through which requests are written to the ledger."""
OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": CONNECT_S * 1000,
    "keepalives_idle": KEEPALIVE_S,
    "prepare_threshold": 0,
}


def connect(
    database_url: str,
    *,
    name: str,
    statement_timeout_ms: int,
    lock_timeout_ms: int | None = None,
    connect_timeout_s: int = PATIENT_CONNECT_S,
    may_scan: bool = True,
    kind: type[Connection[Any]] = Connection,
) -> Connection[Any]:
    """Open an autocommit connection; raises psycopg.OperationalError if Postgres is down."""
    connection = kind.connect(database_url, **OPTIONS | {"connect_timeout": connect_timeout_s})
    try:
        configure(
            connection,
            name=name,
            statement_timeout_ms=statement_timeout_ms,
            lock_timeout_ms=lock_timeout_ms,
            may_scan=may_scan,
        )
    except BaseException:  # a timeout of gevent too
        connection.close()
        raise
    return connection


def configure(
    connection: Connection[Any],
    *,
    name: str,
    statement_timeout_ms: int,
    lock_timeout_ms: int | None = None,
    may_scan: bool = True,
) -> None:
    """Give a fresh connection its name and its limits. Without `lock_timeout_ms` the server's default stays.

    Unless `may_scan`, its statements do not read whole tables where an index can be used.
    """
    lock_timeout = None if lock_timeout_ms is None else f"{lock_timeout_ms}ms"
    limits = f"{statement_timeout_ms}ms", lock_timeout, None if may_scan else "off"
    connection.execute(sql("configure_session"), (f"postledger-{name}", *limits))


def watch_client(connection: Connection[Any], *, idle_transaction_ms: int | None = IDLE_TRANSACTION_MS) -> None:
    """Have Postgres end this session soon after this process has died, so that another one can take over at once.

    It also ends one that stands still within a transaction for `idle_transaction_ms`, unless that is None.
    """
    idle = None if idle_transaction_ms is None else f"{idle_transaction_ms}ms"
    connection.execute(sql("watch_client"), (f"{CLIENT_CHECK_MS}ms", idle))


def look_up_by_keys(connection: Connection[Any]) -> None:
    """Keep plans that walk a whole table out of a session whose statements take few rows of large tables, for years."""
    connection.execute(sql("look_up_by_keys"))


def shut_down(connection: Connection[Any]) -> None:
    """End a connection that another greenlet waits for; that one then sees a lost connection.

    The descriptor stays open: closed, it could be reused while the event loop still watches it.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


def set_lock_timeout(connection: Connection[Any], timeout_ms: int) -> None:
    """Limit how long the statements of this connection wait for a lock. 0 waits without a limit."""
    connection.execute(sql("set_lock_timeout"), (f"{timeout_ms}ms",))


def ping(connection: Connection[Any]) -> None:
    """Check that the server answers a statement."""
    connection.execute(sql("ping"))


def read_clock(connection: Connection[Any]) -> datetime:
    """Read the time from Postgres. Workers on several machines agree on it."""
    row = connection.execute(sql("read_clock")).fetchone()
    assert row is not None, "the statement has no condition"
    now: datetime = row[0]
    return now
