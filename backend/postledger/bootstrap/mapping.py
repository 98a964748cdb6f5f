"""Puts the mapper together: it loads the books on a connection of its own, because they are read in one snapshot."""

from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

from psycopg import Connection

from postledger.finance.books import Books, load_books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.invariants import check_books, record_check
from postledger.finance.map_changes import CountMapped, Mapper
from postledger.platform.postgres.connection import read_clock
from postledger.platform.tasks.run import Report
from postledger.vocabulary.operator_error import NotPossible


def create_mapper(connect: Callable[[], Connection[Any]], count_mapped: CountMapped) -> Mapper:
    """Create the consumer that writes expense lines."""

    def load() -> Books | None:
        with closing(connect()) as connection:
            return load_books(connection)

    return Mapper(CurrentBooks(load), count_mapped)


def check_and_record(connection: Connection[Any], _args: Mapping[str, Any], report: Report) -> None:
    """Check the books, if there are any, and record what is broken for the alert."""
    with suppress(NotPossible):
        record_check(connection, check_books(connection, report), read_clock(connection))
