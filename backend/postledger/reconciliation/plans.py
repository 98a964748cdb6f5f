"""Plans that do not depend on statistics, which say that a table is as good as empty if its rows came a moment ago."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.reconciliation")


@contextmanager
def joined_by_hash(connection: Connection[Any]) -> Iterator[None]:
    """Join by hash or merge in this block, which is a transaction. A loop over two large tables does not end."""
    with connection.transaction():
        connection.execute(sql("join_by_hash"))
        yield
        connection.execute(sql("join_as_usual"))


def look_up_by_keys(connection: Connection[Any]) -> None:
    """Look rows up by keys until the transaction ends, also in a table that is as good as empty at the moment."""
    connection.execute(sql("look_up_by_keys"))
