"""Counts what was refused of one source, and what enforce mode would have refused, from the audit rows.

It reads one day at a time: each statement reads one partition and ends within its timeout, however long the span is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from functools import reduce
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.ledger.partitions import list_days
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.audit")

ADDRESSES_A_DAY = 1000

Span = tuple[datetime, datetime]
Key = tuple[str, str | None, str | None]
"""What is counted: the kind, a reason or None for all postbacks of the kind, and an address or None for the others."""
Counts = dict[Key, "Count"]


class Count(NamedTuple):
    """A number of postbacks, and when the first and the last of them was received."""

    postbacks: int
    first_seen: datetime
    last_seen: datetime

    def plus(self, other: "Count") -> "Count":
        """Add the count of another day or address."""
        first, last = min(self.first_seen, other.first_seen), max(self.last_seen, other.last_seen)
        return Count(self.postbacks + other.postbacks, first, last)


class ReasonCount(msgspec.Struct, frozen=True):
    """The postbacks with one reason. `addresses` lacks those beyond `ADDRESSES_A_DAY`, the total contains them."""

    total: Count
    addresses: Mapping[str, int]


class Tally(msgspec.Struct, frozen=True):
    """The number of postbacks, and the counts by reason. One postback can have several reasons."""

    postbacks: int
    reasons: Mapping[str, ReasonCount]


class SourceReport(msgspec.Struct, frozen=True):
    """The report on one source. `observed` is what enforce mode would have refused.

    `click_shed` counts the postbacks of clicks of ours that were not stored. `labels` counts labels that were cut or
    left out, by cause.
    """

    source: str
    mode: str
    since: datetime
    until: datetime
    received: int
    click_shed: int
    labels: Tally
    observed: Tally
    refused: Tally


def report_source(
    connection: Connection[Any], slug: str, since: datetime, until: datetime, on_progress: Callable[[int, int], None]
) -> SourceReport:
    """Report on a source. Progress is reported as days done and days in total. Raises `NotFound`."""
    row = connection.execute(sql("find_source_mode"), (slug,)).fetchone()
    if row is None:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")
    source_id, mode = row
    counts: Counts = {}
    spans = list(_list_spans(connection, since, until))
    for number, span in enumerate(spans, 1):
        for key, count in _count(connection, source_id, span):
            counts[key] = count.plus(counts[key]) if key in counts else count
        on_progress(number, len(spans))
    received, shed = _tally(counts, "received").postbacks, _tally(counts, "click_shed").postbacks
    return SourceReport(
        slug,
        mode,
        since,
        until,
        received,
        shed,
        _tally(counts, "label"),
        observed=_tally(counts, "observed"),
        refused=_tally(counts, "refused"),
    )


def _list_spans(connection: Connection[Any], since: datetime, until: datetime) -> Iterator[Span]:
    for day in list_days(connection):
        begins = datetime.combine(day, clock_time(), UTC)
        first, last = max(since, begins), min(until, begins + timedelta(days=1))
        if first < last:
            yield first, last


def _count(connection: Connection[Any], source_id: int, span: Span) -> list[tuple[Key, Count]]:
    values = {"source_id": source_id, "since": span[0], "until": span[1], "addresses": ADDRESSES_A_DAY}
    rows = connection.execute(sql("report_source"), values).fetchall()
    return [((kind, reason, address), Count(*counted)) for kind, reason, address, *counted in rows]


def _tally(counts: Counts, kind: str) -> Tally:
    reasons: dict[str, list[tuple[str | None, Count]]] = {}
    postbacks = 0
    for (of, reason, address), count in counts.items():
        if of == kind and reason is None:
            postbacks += count.postbacks
        elif of == kind and reason is not None:
            reasons.setdefault(reason, []).append((address, count))
    return Tally(postbacks, {reason: _sum_reason(listed) for reason, listed in reasons.items()})


def _sum_reason(listed: Sequence[tuple[str | None, Count]]) -> ReasonCount:
    total = reduce(Count.plus, (count for _, count in listed))
    return ReasonCount(total, {address: count.postbacks for address, count in listed if address is not None})
