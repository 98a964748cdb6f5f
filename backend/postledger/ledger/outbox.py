"""The outbox: the changes of conversions that the worker has not seen, in the order of work.

The statement that books a change writes its row. The transaction that acts on the change deletes the row, so that no
change is lost, and none is acted on twice.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.ledger")

OutboxKind = Literal["opened", "updated", "corrected", "refunded", "reversed", "backfilled"]


class State(msgspec.Struct, frozen=True):
    """What a conversion is worth after one of its changes."""

    status: Status
    payout: Decimal | None
    currency: str | None


class Change(msgspec.Struct, frozen=True):
    """One change of a conversion, with the conversion.

    `state` is the conversion as this change left it, `now` as it stands. `revision` belongs to `state`,
    `current_revision` to `now`. All ids are text. `receipt` names the postback that made the change; that of a
    `backfilled` row names the task. `source` and `campaign` are slugs.
    """

    received_at: datetime
    dedup_key: str
    receipt: str
    revision: int
    kind: OutboxKind
    conversion_id: str
    source_id: int
    source: str | None
    campaign_id: int | None
    campaign: str | None
    affiliate_id: str | None
    event: str
    transaction_id: str | None
    click_id: str
    created_at: datetime
    event_time: datetime | None
    current_revision: int
    state: State
    now: State


class Discarded(msgspec.Struct, frozen=True):
    """A change from which nothing followed."""

    received_at: datetime
    receipt: str
    kind: OutboxKind
    revision: int
    source: None = None


def discard_changes(connection: Connection[Any], limit: int) -> list[Discarded]:
    """Delete the oldest changes from the outbox, at most `limit`. It costs a fifth of `take_changes`."""
    return [Discarded(*row) for row in connection.execute(sql("discard_changes"), (limit,)).fetchall()]


def take_changes(connection: Connection[Any], limit: int) -> list[Change]:
    """Delete the oldest changes from the outbox, at most `limit`, and return them.

    They come in the order of work; those of one conversion in the order of their revisions. Call it in the transaction
    that acts on them. Only one session may take changes at a time: the dispatcher holds an advisory lock.
    """
    return [_read(*row) for row in connection.execute(sql("take_changes"), (limit,)).fetchall()]


def _read(*row: Any) -> Change:
    *conversion, status, payout, currency, status_before, payout_before, currency_before = row
    now = State(Status(status), payout, currency)
    state = State(Status(status_before), payout_before, currency_before) if status_before else now
    values: list[Any] = [*conversion, state, now]
    return Change(*values)
