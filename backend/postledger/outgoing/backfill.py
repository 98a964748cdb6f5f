"""Queues changes of the past for a forward, at a rate. It can be interrupted and repeated: what is queued stays so."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.outgoing.queue_deliveries import QueuedRow, insert_deliveries
from postledger.outgoing.rules.forward import Forward, matches
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.outgoing")

PORTION_ROWS = 1000
_AT_ONCE = timedelta(microseconds=1)
"""Without a rate: only far enough apart to keep their order."""

OnProgress = Callable[[int, int], None]


class Backfilled(msgspec.Struct, frozen=True):
    """What was queued, or would be: how many deliveries, also by status, and within which time they are sent."""

    deliveries: int
    statuses: dict[str, int]
    takes_s: float | None


class _Past(NamedTuple):
    dedup_key: str
    receipt: str
    revision: int
    source: str
    campaign: str | None
    event: str
    status: str


def backfill(
    connection: Connection[Any],
    forward: Forward,
    since: datetime,
    now: datetime,
    *,
    rate: int | None,
    dry_run: bool,
    on_progress: OnProgress,
) -> Backfilled:
    """Queue the changes since a time that the forward sends and that were never queued for it, oldest first.

    `rate` is how many are due in a second; without it the limits of the forward apply. `dry_run` queues nothing.
    """
    pace = _AT_ONCE if rate is None else timedelta(seconds=1 / rate)
    statuses: Counter[str] = Counter()
    for portion in _read_portions(connection, forward, since, now, on_progress):
        begins = now + pace * statuses.total()
        rows = [_queue(past, forward.slug, begins + pace * number) for number, past in enumerate(portion)]
        if not dry_run:
            insert_deliveries(connection, rows, now)
        statuses.update(past.status for past in portion)
    number = statuses.total()
    return Backfilled(number, dict(statuses), None if rate is None else number / rate)


def _read_portions(
    connection: Connection[Any], forward: Forward, since: datetime, now: datetime, on_progress: OnProgress
) -> Iterator[list[_Past]]:
    span = {"since": since, "until": now}
    ((total,),) = connection.execute(sql("count_past_changes"), span).fetchall()
    values = {**span, "forward": forward.slug, "selftest": SELFTEST, "forgotten": FORGOTTEN}
    done = 0
    # The cursor outlives the transactions of the portions.
    with connection.cursor("past", withhold=True) as cursor:
        cursor.execute(sql("list_past_changes"), values)
        while rows := cursor.fetchmany(PORTION_ROWS):
            yield _choose(rows, forward)
            done += len(rows)
            on_progress(done, max(total, done))


def _choose(rows: Sequence[Sequence[Any]], forward: Forward) -> list[_Past]:
    read = [_Past(*row) for row in rows]
    return [
        past
        for past in read
        if matches(forward, source=past.source, campaign=past.campaign, event=past.event, status=Status(past.status))
    ]


def _queue(past: _Past, forward: str, due_at: datetime) -> QueuedRow:
    return QueuedRow(past.dedup_key, forward, past.receipt, past.revision, is_backfill=True, due_at=due_at)
