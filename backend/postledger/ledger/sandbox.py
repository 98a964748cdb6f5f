"""The tables of the sandbox: how a connection comes to write to them, and how long their rows are kept."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.ledger.writer import write_entries
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.ledger")

KEPT = timedelta(days=7)
PORTION_ROWS = 10_000


def use_sandbox(connection: Connection[Any]) -> Connection[Any]:
    """Make the statements of this connection write to the tables of the sandbox."""
    connection.execute(sql("use_sandbox"))
    return connection


def delete_old_rows(connection: Connection[Any], now: datetime) -> int:
    """Delete what is older than `KEPT` from the tables of the sandbox; return the number of postbacks among it.

    Each portion is a transaction of its own, so that no lock is held for long.
    """
    deleted, values = 0, {"before": now - KEPT, "portion": PORTION_ROWS}
    while True:
        counts = connection.execute(sql("delete_sandbox_rows"), values).fetchone()
        assert counts is not None, "the statement counts"
        deleted += int(counts[0])
        if not any(counts):
            break
    connection.execute(sql("delete_sandbox_sums"), values)
    return deleted


def check_sandbox_writable(connection: Connection[Any]) -> None:
    """Raise if no entry can be written. Clicks are only read here: their table is a view."""
    write_entries(connection, ())
