"""The tables of the sandbox: how a connection comes to write to them, and how long their rows are kept."""

from datetime import timedelta
from typing import Any

from psycopg import Connection

from postledger.ledger.writer import write_entries
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.ledger")

KEPT = timedelta(days=7)


def use_sandbox(connection: Connection[Any]) -> Connection[Any]:
    """Make the statements of this connection write to the tables of the sandbox."""
    connection.execute(sql("use_sandbox"))
    return connection


def check_sandbox_writable(connection: Connection[Any]) -> None:
    """Raise if no entry can be written. Clicks are only read here: their table is a view."""
    write_entries(connection, ())
