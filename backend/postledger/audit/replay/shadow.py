"""Tables of a session that stand before those of the ledger, so that the ledger's own writer can run and book nothing.

Postgres looks for a table among the temporary ones first. Each conversion is copied when it is first needed, with its
past. No row of the ledger is locked, however long it takes.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from postledger.ledger.entry import Entry
from postledger.ledger.rules.reversal_guard import WINDOW
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.audit.replay")

TABLES = ("conversions", "postbacks", "conversion_events", "parked_reversals", "outbox")
_SLACK = timedelta(minutes=1)


def cast_shadow(connection: Connection[Any], *, with_reversals: bool = True) -> None:
    """Create the tables, empty except for what the reversal guard counts. Call it first on a connection."""
    for table in TABLES:
        name = Identifier(table)
        connection.execute(SQL(sql("drop_shadow")).format(shadow=Identifier("pg_temp", table)), prepare=False)
        connection.execute(SQL(sql("create_shadow")).format(table=name, original=Identifier("public", table)))
    if with_reversals:
        connection.execute(sql("copy_reversals"), {"since": read_clock(connection) - WINDOW - _SLACK})


def copy_known(connection: Connection[Any], entries: Iterable[Entry]) -> None:
    """Copy the conversions that entries may repeat, with their past, unless they were copied before."""
    connection.execute(sql("copy_conversions"), {"dedup_keys": list_keys(entries)})


def list_parking(connection: Connection[Any]) -> list[int]:
    """List the sources of which reversals were parked here."""
    return [source_id for (source_id,) in connection.execute(sql("list_parking"))]


def list_keys(entries: Iterable[Entry]) -> Sequence[str]:
    """List the dedup keys of entries, with those that they may have had before."""
    events = [entry.event for entry in entries if entry.event is not None]
    former = [key.dedup_key for event in events for key in event.former_keys]
    return list({*(event.dedup_key for event in events), *former})
