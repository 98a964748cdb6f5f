"""Queues a delivery for each change and each forward that sends it, in the transaction that takes the change."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.ledger.dispatch import Consumer
from postledger.ledger.outbox import Change
from postledger.ledger.rows import encode_rows
from postledger.outgoing.rules.forward import Forward, matches
from postledger.outgoing.target import Target
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.outgoing")


class QueuedRow(msgspec.Struct):
    """A delivery that is due at a time."""

    dedup_key: str
    forward: str
    receipt: str
    revision: int
    is_backfill: bool
    due_at: datetime


def queue_deliveries(find_targets: Callable[[Connection[Any]], Mapping[str, Target]]) -> Consumer:
    """Make the consumer. It sends each change as it was then, to the forwards that are configured now."""

    def consume(connection: Connection[Any], changes: Sequence[Change], now: datetime) -> None:
        forwards = [target.forward for target in find_targets(connection).values()]
        if rows := list(_list_rows(changes, forwards, now)):
            insert_deliveries(connection, rows, now)
            connection.execute(sql("hurry_backfilled"), {"deliveries": encode_rows(rows), "now": now})

    return consume


def insert_deliveries(connection: Connection[Any], rows: Sequence[QueuedRow], now: datetime) -> int:
    """Queue deliveries and return how many are new. What was queued before is left as it is."""
    values = {"deliveries": encode_rows(rows), "now": now}
    return connection.execute(sql("insert_deliveries"), values).rowcount


def _list_rows(changes: Iterable[Change], forwards: Sequence[Forward], now: datetime) -> Iterator[QueuedRow]:
    for change in changes:
        if change.kind == "backfilled" or change.source is None or change.source == SELFTEST:
            continue
        for forward in forwards:
            if matches(
                forward, source=change.source, campaign=change.campaign, event=change.event, status=change.state.status
            ):
                yield QueuedRow(change.dedup_key, forward.slug, change.receipt, change.revision, False, now)
