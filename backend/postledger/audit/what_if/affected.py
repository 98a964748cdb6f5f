"""Which rows need the ledger: those that are not plain, and those that share a conversion with one of them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection

from postledger.audit.what_if.pairs import Pair
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.audit.what_if")


class Affected:
    """The dedup keys of judged rows, in a temporary table, so that memory does not grow with the number of rows."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        connection.execute(sql("drop_keys"))
        connection.execute(sql("create_keys"))

    def add(self, pairs: Iterable[Pair]) -> None:
        """Note the keys of rows with events."""
        with self._connection.cursor() as cursor, cursor.copy(sql("copy_keys")) as copy:
            for pair in pairs:
                is_affected = not pair.is_plain
                for key in pair.keys:
                    copy.write_row((key, pair.row.id, is_affected))

    def spread(self) -> None:
        """Find all rows that share a conversion with an affected one, directly or by others. Call it after `add`."""
        self._connection.execute(sql("index_keys"))
        while self._connection.execute(sql("spread_affected")).rowcount:
            pass

    def list_some(self, limit: int) -> Sequence[str]:
        """List affected rows, at most so many."""
        return [row_id for (row_id,) in self._connection.execute(sql("list_affected"), (limit,))]

    def select(self, row_ids: Sequence[str]) -> Collection[str]:
        """Select the affected ones of some rows."""
        return {row_id for (row_id,) in self._connection.execute(sql("find_affected"), (list(row_ids),))}
