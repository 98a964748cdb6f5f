"""Keeps the books that are in force. They are loaded again whenever the configuration has changed."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from psycopg import Connection

from postledger.finance.books import Books
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")


class CurrentBooks:
    """The books. `load` reads them, on a connection of its own, because it takes a snapshot."""

    def __init__(self, load: Callable[[], Books | None]) -> None:
        self._load, self._version = load, -1
        self._books: Books | None = None

    def find(self, connection: Connection[Any]) -> Books | None:
        """Return the books as of now. None without `[finance]`.

        The version is read in the caller's transaction: a conversion that arrives right after `apply` must not be
        mapped with the books from before.
        """
        row = connection.execute(sql("read_books_state")).fetchone()
        assert row is not None, "the version has one row"
        version, since, locked = row
        if version != self._version:
            self._books = self._load()
            self._version = version
        if self._books is None or since is None:
            return None
        return replace(self._books, since=since, locked_periods=frozenset(locked))
