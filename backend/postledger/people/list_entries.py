"""Lists the entries of the audit chain."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.people")
Row = dict[str, Any]


def list_entries(
    connection: Connection[Any],
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    limit: int | None = None,
) -> Iterable[Row]:
    """List entries, the newest first. `action`: one such as `user.add`, or all of a kind such as `user`."""
    values = {"actor": actor, "action": action, "subject": subject, "limit": limit}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_entries"), values).fetchall()
