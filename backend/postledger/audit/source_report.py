"""Counts what was refused of one source, and what enforce mode would have refused, from the audit rows.

It reads one day at a time: each statement reads one partition and ends within its timeout, however long the span is.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.ledger.partitions import list_days
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.audit")

ADDRESSES_A_DAY = 1000

Span = tuple[datetime, datetime]


class ReasonCount(msgspec.Struct):
    """The postbacks with one reason: how many, the first and the last one, and how many per address."""

    postbacks: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    addresses: dict[str, int] = {}

    def add(self, row: dict[str, Any]) -> None:
        """Add a day's count of one address, or of all addresses beyond `ADDRESSES_A_DAY`."""
        self.postbacks += row["postbacks"]
        self.first_seen = min(self.first_seen or row["first_seen"], row["first_seen"])
        self.last_seen = max(self.last_seen or row["last_seen"], row["last_seen"])
        if (address := row["address"]) is not None:
            self.addresses[address] = self.addresses.get(address, 0) + row["postbacks"]


class Tally(msgspec.Struct):
    """The number of postbacks, and the counts by reason. One postback can have several reasons."""

    postbacks: int = 0
    reasons: dict[str, ReasonCount] = {}


class SourceReport(msgspec.Struct):
    """The report on one source. `observed` is what enforce mode would have refused."""

    source: str
    mode: str
    since: datetime
    until: datetime
    received: int = 0
    observed: Tally = msgspec.field(default_factory=Tally)
    refused: Tally = msgspec.field(default_factory=Tally)

    def add(self, row: dict[str, Any]) -> None:
        """Add one row of a day's counts."""
        if row["kind"] == "received":
            self.received += row["postbacks"]
            return
        tally = self.observed if row["kind"] == "observed" else self.refused
        if row["reason"] is None:
            tally.postbacks += row["postbacks"]
        else:
            tally.reasons.setdefault(row["reason"], ReasonCount()).add(row)


def report_source(
    connection: Connection[Any], slug: str, since: datetime, until: datetime, on_progress: Callable[[int, int], None]
) -> SourceReport:
    """Report on a source. Progress is reported as days done and days in total. Raises `NotFound`."""
    row = connection.execute(sql("find_source_mode"), (slug,)).fetchone()
    if row is None:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")
    report = SourceReport(slug, row[1], since, until)
    spans = list(_list_spans(connection, since, until))
    for number, span in enumerate(spans, 1):
        for counted in _count(connection, row[0], span):
            report.add(counted)
        on_progress(number, len(spans))
    return report


def _list_spans(connection: Connection[Any], since: datetime, until: datetime) -> Iterator[Span]:
    for day in list_days(connection):
        begins = datetime.combine(day, clock_time(), UTC)
        first, last = max(since, begins), min(until, begins + timedelta(days=1))
        if first < last:
            yield first, last


def _count(connection: Connection[Any], source_id: int, span: Span) -> list[dict[str, Any]]:
    values = {"source_id": source_id, "since": span[0], "until": span[1], "addresses": ADDRESSES_A_DAY}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("report_source"), values).fetchall()
