"""The table of publications: what waits, what the broker has confirmed, and what it has refused."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection

from postledger.ledger.rows import encode_rows
from postledger.outgoing.publishing.message import ConversionEvent, PublishedChange, PublishedConversion, Worth
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.outgoing.publishing")

_LOCK_ID = 0x7075626C697368  # "publish" in ASCII
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)


class Publication(msgspec.Struct, frozen=True):
    """One change that waits, and how often the broker has refused it."""

    event: ConversionEvent
    refusals: int


class Waiting(msgspec.Struct, frozen=True):
    """How many wait for their first attempt, with the receipt of the oldest, and how many after a refusal."""

    fresh: int
    refused: int
    oldest: str | None


def count_waiting(connection: Connection[Any]) -> Waiting:
    """Count what waits."""
    row = connection.execute(sql("count_waiting")).fetchone()
    assert row is not None, "the statement has no condition"
    return Waiting(*row)


def try_publisher_lock(connection: Connection[Any]) -> bool:
    """Take the right to publish until the session ends. False if another session has it."""
    row = connection.execute(sql("try_publisher_lock"), (_LOCK_ID,)).fetchone()
    assert row is not None, "the statement has no condition"
    return bool(row[0])


def read_waiting(connection: Connection[Any], *, limit: int, retries: int, now: datetime) -> list[Publication]:
    """Read what is published next: at most `limit` new changes, and `retries` that were refused and are due."""
    values = {"limit": limit, "retries": retries, "now": now}
    return [_read(*row) for row in connection.execute(sql("read_waiting"), values).fetchall()]


def _read(refusals: int, *row: Any) -> Publication:
    receipt, dedup_key, kind, revision, received_at, *rest = row
    status, payout, currency, status_before, payout_before, currency_before, transaction_id, event_time = rest[:8]
    before = Worth(Status(status_before), payout_before, currency_before) if status_before else None
    change = PublishedChange(Status(status), payout, currency, before, transaction_id, event_time)
    *ids, labels, status_now, payout_now, currency_now, event_time_now, created_at = rest[8:]
    worth: list[Any] = [*ids, labels, Status(status_now), payout_now, currency_now, event_time_now, created_at]
    conversion = PublishedConversion(*worth)
    return Publication(
        ConversionEvent(1, receipt, dedup_key, kind, revision, received_at, change, conversion), refusals
    )


def note_published(connection: Connection[Any], published: Iterable[Publication], now: datetime) -> None:
    """Record what the broker has confirmed."""
    events = [one.event for one in published]
    keys, receipts = [event.dedup_key for event in events], [event.receipt for event in events]
    connection.execute(sql("note_published"), {"dedup_keys": keys, "receipts": receipts, "now": now})


class _Refused(msgspec.Struct):
    dedup_key: str
    receipt: str
    due_at: datetime


def postpone(connection: Connection[Any], refused: Iterable[Publication], now: datetime) -> None:
    """Try again later what the broker has refused: after 1 s, then after twice as long, up to 5 minutes."""
    rows = [_Refused(one.event.dedup_key, one.event.receipt, now + pause_after(one.refusals + 1)) for one in refused]
    connection.execute(sql("postpone"), (encode_rows(rows),))


def pause_after(refusals: int) -> timedelta:
    """Return how long to wait after so many refusals."""
    doublings = min(refusals - 1, 20)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings))
