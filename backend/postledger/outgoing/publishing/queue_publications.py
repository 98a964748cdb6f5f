"""Queues a publication for each change, in the transaction that takes the change out of the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.ledger.outbox import Change, OutboxKind
from postledger.ledger.rows import encode_rows
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.outgoing.publishing")


class _QueuedRow(msgspec.Struct):
    dedup_key: str
    receipt: str
    revision: int
    kind: OutboxKind
    received_at: datetime


def queue_publications(connection: Connection[Any], changes: Sequence[Change], now: datetime) -> None:  # noqa: ARG001
    """Queue each change, except those of the self-test. It is a `Consumer`."""
    rows = [
        _QueuedRow(change.dedup_key, change.receipt, change.revision, change.kind, change.received_at)
        for change in changes
        if change.source not in (None, SELFTEST)
    ]
    if rows:
        connection.execute(sql("insert_publications"), (encode_rows(rows),))
