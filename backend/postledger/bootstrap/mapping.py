"""Puts the mapper together: it loads the books on a connection of its own, because they are read in one snapshot."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from psycopg import Connection

from postledger.finance.books import Books, load_books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_changes import CountMapped, Mapper


def create_mapper(connect: Callable[[], Connection[Any]], count_mapped: CountMapped) -> Mapper:
    """Create the consumer that writes expense lines."""

    def load() -> Books | None:
        with closing(connect()) as connection:
            return load_books(connection)

    return Mapper(CurrentBooks(load), count_mapped)
