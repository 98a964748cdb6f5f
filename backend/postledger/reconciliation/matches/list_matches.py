"""Lists what statement lines were matched with, what is proposed for them, and what was undone."""

from datetime import date
from typing import Any, Literal

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.reconciliation")

MatchState = Literal["proposed", "matched", "confirmed", "undone"]
Row = dict[str, Any]


class MatchFilters(msgspec.Struct, frozen=True):
    """What to list. None does not filter. `number`: of a bill or a receivable."""

    limit: int | None = None
    statement: str | None = None
    line_no: int | None = None
    account: str | None = None
    source: str | None = None
    period: date | None = None
    state: MatchState | None = None
    number: str | None = None


def list_matches(connection: Connection[Any], filters: MatchFilters) -> list[Row]:
    """List the parts of matches, by day and line."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_matches"), msgspec.structs.asdict(filters)).fetchall()
