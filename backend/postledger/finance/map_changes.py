"""Maps conversions that have changed to expense lines: for each, the lines that it lacks now."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.finance.approval.request_store import OnRequests
from postledger.finance.approval.requests import write_lines
from postledger.finance.books import Books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.line_store import Completed, record_batch
from postledger.finance.lines import Conversion
from postledger.finance.mapping import KnownRules, complete, describe
from postledger.ledger.outbox import Change
from postledger.people.line_digest import LineDigest
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.finance")

CountMapped = Callable[[str, int], None]
"""Counts lines by kind, and conversions for which none was due."""


class Mapper:
    """The consumer of changes that writes expense lines."""

    def __init__(self, books: CurrentBooks, count_mapped: CountMapped, on_requests: OnRequests) -> None:
        self._books, self._count_mapped, self._rules = books, count_mapped, KnownRules()
        self._on_requests = on_requests
        self._results: Counter[str] = Counter()
        self._digest = LineDigest()

    def is_needed(self, connection: Connection[Any]) -> bool:
        """Whether there are books."""
        return self._books.find(connection) is not None

    def __call__(self, connection: Connection[Any], changes: Sequence[Change], now: datetime) -> None:
        """Add the lines that changed conversions lack, in the transaction that takes the changes."""
        # Those of a transaction that failed do not count.
        self._results, self._digest = Counter(), LineDigest()
        books = self._books.find(connection)
        if books is None:
            return
        # Only how a conversion stands now counts, therefore the last of its changes is the cause.
        newest = {change.dedup_key: change for change in changes if change.source != SELFTEST}
        followed = _find_followed(connection, newest.values(), books)
        conversions = [(change.receipt, _read_conversion(change, books)) for change in followed]
        completed = complete(connection, conversions, books, self._rules)
        self._digest = write_lines(connection, completed, books, now, on_requests=self._on_requests)
        self._results = count_results(completed)

    def record(self, connection: Connection[Any], _changes: Sequence[Change], now: datetime) -> None:
        """Add the new lines to the audit chain. The last consumer, because others then wait for the chain."""
        record_batch(connection, self._digest, now)

    def count(self) -> None:
        """Count what the last changes gave. Call it after their transaction was committed."""
        for result, number in self._results.items():
            self._count_mapped(result, number)
        self._results = Counter()


def count_results(completed: Iterable[Completed]) -> Counter[str]:
    """Count new lines by kind, and conversions that needed none."""
    return Counter(result for each in completed for result in _list_results(each) or ["unchanged"])


def _list_results(completed: Completed) -> list[str]:
    return ["unmapped" if line.booking.unmapped else line.kind for line in completed.lines]


def _find_followed(connection: Connection[Any], changes: Collection[Change], books: Books) -> list[Change]:
    """Return the changes of conversions from the start of the books on, and of earlier ones that have lines."""
    earlier = [change.dedup_key for change in changes if change.created_at < books.since]
    if not earlier:
        return list(changes)
    with_lines = {key for (key,) in connection.execute(sql("find_with_lines"), (earlier,))}
    return [change for change in changes if change.created_at >= books.since or change.dedup_key in with_lines]


def _read_conversion(change: Change, books: Books) -> Conversion:
    now = change.now
    return Conversion(
        change.dedup_key, change.conversion_id, change.source_id, change.campaign_id, change.current_revision,
        now.status, now.payout, now.currency, change.event_time or change.created_at,
        describe(change.source or "", change.event, change.campaign, change.affiliate_id, books),
    )  # fmt: skip
