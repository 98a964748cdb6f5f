"""Maps conversions whose changes were published, on any machine that reaches the ledger, in place of a worker's mapper.

As in `map_changes.py`, only how a conversion stands now counts. A repeat, another order or a late message adds nothing.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from postledger.finance.approval.request_store import OnRequests
from postledger.finance.approval.requests import write_lines
from postledger.finance.books import Books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.line_store import record_batch
from postledger.finance.map_changes import CountMapped, count_results
from postledger.finance.mapping import KnownRules, complete
from postledger.finance.remap import read_conversions
from postledger.ledger.dispatch import hold_dispatch
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.finance")


class PublishedMapper:
    """Adds the lines that conversions lack, in a transaction of its own, which no other mapper shares."""

    def __init__(self, books: CurrentBooks, count_mapped: CountMapped, on_requests: OnRequests) -> None:
        self._books, self._count_mapped, self._rules = books, count_mapped, KnownRules()
        self._on_requests = on_requests

    def map(self, connection: Connection[Any], causes: Mapping[str, str]) -> set[str]:
        """Map conversions, by dedup key, and return the keys of those that this ledger does not have.

        `causes` has the receipt of the change that each of them is mapped for.
        """
        with connection.transaction():
            # A worker that maps too, a remap, or another consumer has committed its lines before anything is read here.
            hold_dispatch(connection)
            unknown, results = self._add_lines(connection, causes)
        for result, number in results.items():
            self._count_mapped(result, number)
        return unknown

    def _add_lines(self, connection: Connection[Any], causes: Mapping[str, str]) -> tuple[set[str], Counter[str]]:
        books = self._books.find(connection)
        if books is None:
            return set(), Counter()
        followed = _find_followed(connection, list(causes), books)
        conversions = read_conversions(connection, [key for key in causes if followed.get(key)], "", books)
        caused = [(causes[conversion.dedup_key], conversion) for _, conversion in conversions]
        completed = complete(connection, caused, books, self._rules)
        now = read_clock(connection)
        record_batch(connection, write_lines(connection, completed, books, now, on_requests=self._on_requests), now)
        return causes.keys() - followed.keys(), count_results(completed)


def _find_followed(connection: Connection[Any], dedup_keys: list[str], books: Books) -> dict[str, bool]:
    values = {"dedup_keys": dedup_keys, "since": books.since, "selftest": SELFTEST}
    return dict(connection.execute(sql("find_followed"), values).fetchall())
