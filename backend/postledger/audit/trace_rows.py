"""Runs the queries of a trace. A row is a dict of its columns, because a trace prints all of them."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.audit")

LIMIT = 1000

Row = dict[str, Any]


def fetch(connection: Connection[Any], query: str, **values: object) -> list[Row]:
    """Run a query; it returns at most `LIMIT` rows."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(query), {"limit": LIMIT, **values}).fetchall()


def values_of(name: str, rows: Iterable[Row]) -> list[Any]:
    """List the values of a column, each once, without NULL."""
    return list({row[name]: None for row in rows if row[name] is not None})


def select(rows: Iterable[Row], conversion: Row, *, without: Iterable[str] = ("dedup_key",)) -> list[Row]:
    """Select the rows of a conversion, without its key."""
    return [
        {name: value for name, value in row.items() if name not in without}
        for row in rows
        if row["dedup_key"] == conversion["dedup_key"]
    ]
