"""Connections to Postgres, with what each of them needs: timeouts, a name, and durable commits."""

import os
import socket
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from postledger.platform.timeouts import CONNECT_S, PATIENT_CONNECT_S

WRITER = "ledger"
"""The name of the connections through which requests are written to the ledger."""
OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": CONNECT_S * 1000,
    "prepare_threshold": 0,
}
_SETTINGS = """
SELECT
    set_config('application_name', %s, false),
    set_config('statement_timeout', %s, false),
    set_config('lock_timeout', coalesce(%s, current_setting('lock_timeout')), false),
    set_config('timezone', 'UTC', false),
    -- an acknowledged postback is on disk, even if the server's default is off
    set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
"""


def connect(
    database_url: str,
    *,
    name: str,
    statement_timeout_ms: int,
    lock_timeout_ms: int | None = None,
    connect_timeout_s: int = PATIENT_CONNECT_S,
    kind: type[Connection[Any]] = Connection,
) -> Connection[Any]:
    """Open an autocommit connection; raises psycopg.OperationalError if Postgres is down."""
    connection = kind.connect(database_url, **OPTIONS | {"connect_timeout": connect_timeout_s})
    try:
        configure(connection, name=name, statement_timeout_ms=statement_timeout_ms, lock_timeout_ms=lock_timeout_ms)
    except BaseException:  # a timeout of gevent too
        connection.close()
        raise
    return connection


def configure(
    connection: Connection[Any], *, name: str, statement_timeout_ms: int, lock_timeout_ms: int | None = None
) -> None:
    """Give a fresh connection its name and its limits. Without `lock_timeout_ms` the server's default stays."""
    lock_timeout = None if lock_timeout_ms is None else f"{lock_timeout_ms}ms"
    connection.execute(_SETTINGS, (f"postledger-{name}", f"{statement_timeout_ms}ms", lock_timeout))


def shut_down(connection: Connection[Any]) -> None:
    """End a connection that another greenlet waits for; that one then sees a lost connection.

    The descriptor stays open: closed, it could be reused while the event loop still watches it.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)
