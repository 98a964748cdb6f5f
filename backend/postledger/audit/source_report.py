"""What a source was refused for, and what it would have been refused for in enforce mode, added up from the audit.

Read a day at a time: each statement then looks into one partition and ends well within its time-out, however long the
span is.
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

sql = statements_of("postledger.audit")

ADDRESSES_A_DAY = 1000
_SOURCE = "SELECT id, coalesce(settings ->> 'mode', 'enforce') FROM sources WHERE slug = %s"

Span = tuple[datetime, datetime]


class ReasonCount(msgspec.Struct):
    """How often one reason was given, when first and last, and from which addresses."""

    postbacks: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    addresses: dict[str, int] = {}

    def add(self, row: dict[str, Any]) -> None:
        """Add a day's count of one address, or of those that are too many to tell apart."""
        self.postbacks += row["postbacks"]
        self.first_seen = min(self.first_seen or row["first_seen"], row["first_seen"])
        self.last_seen = max(self.last_seen or row["last_seen"], row["last_seen"])
        if (address := row["address"]) is not None:
            self.addresses[address] = self.addresses.get(address, 0) + row["postbacks"]


class Tally(msgspec.Struct):
    """Postbacks, each counted once, and their reasons, of which one postback may have several."""

    postbacks: int = 0
    reasons: dict[str, ReasonCount] = {}


class SourceReport(msgspec.Struct):
    """The report on one source; `observed` is what enforce mode would have refused."""

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
    connection: Connection[Any], slug: str, since: datetime, until: datetime, tell_progress: Callable[[int, int], None]
) -> SourceReport | None:
    """Report on a source, None where there is none; progress is told in days done and days in all."""
    row = connection.execute(_SOURCE, (slug,)).fetchone()
    if row is None:
        return None
    report = SourceReport(slug, row[1], since, until)
    spans = list(_list_spans(connection, since, until))
    for number, span in enumerate(spans, 1):
        for counted in _count(connection, row[0], span):
            report.add(counted)
        tell_progress(number, len(spans))
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
