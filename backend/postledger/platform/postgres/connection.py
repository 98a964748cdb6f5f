"""Connections to Postgres with what every one of them needs: time-outs, a name, and durable commits."""

from typing import Any

from psycopg import Connection

CONNECT_TIMEOUT_S = 2
"""For requests, which are answered within two seconds whatever happens."""
PATIENT_CONNECT_TIMEOUT_S = 10
"""For commands: a machine that is busy for a moment is no reason to fail what cron will not start again for a day."""
WRITER = "ledger"
"""The name of the connections through which requests come onto the ledger."""
OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": CONNECT_TIMEOUT_S * 1000,
    "prepare_threshold": 0,
}
_SETTINGS = """
SELECT
    set_config('application_name', %s, false),
    set_config('statement_timeout', %s, false),
    set_config('timezone', 'UTC', false),
    -- an acknowledged postback is on disk, whatever the server's default says
    set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
"""


def connect(
    database_url: str,
    *,
    name: str,
    statement_timeout_ms: int,
    connect_timeout_s: int = PATIENT_CONNECT_TIMEOUT_S,
    kind: type[Connection[Any]] = Connection,
) -> Connection[Any]:
    """Open an autocommit connection; raises psycopg.OperationalError when Postgres is away."""
    connection = kind.connect(database_url, **OPTIONS | {"connect_timeout": connect_timeout_s})
    configure(connection, name=name, statement_timeout_ms=statement_timeout_ms)
    return connection


def configure(connection: Connection[Any], *, name: str, statement_timeout_ms: int) -> None:
    """Give a fresh connection its name and its limits."""
    connection.execute(_SETTINGS, (f"postledger-{name}", f"{statement_timeout_ms}ms"))
