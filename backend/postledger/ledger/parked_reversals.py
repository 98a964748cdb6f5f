"""The reversals that the guard has parked: lists them, books them, discards them.

A booked reversal is folded as if it came now, without the guard. The other rules apply, so that no payout becomes
negative.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from psycopg import Connection, Cursor
from psycopg.rows import dict_row

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.repeat_writer import fold_repeats, write_decisions
from postledger.ledger.rows import encode_rows
from postledger.ledger.rules.status_rules import Rules
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.operator_error import InvalidRequest
from postledger.vocabulary.receipt import is_receipt
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.ledger")

PORTION_ROWS = 500
_UNGUARDED = Rules(reversal_guard=None)

Row = dict[str, Any]


class SettledRow(msgspec.Struct):
    """The outcome of one reversal that waited."""

    dedup_key: str
    id: str
    outcome: str


def list_parked(
    connection: Connection[Any],
    *,
    source: str | None = None,
    replay: str | None = None,
    receipts: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[Row]:
    """List the reversals that wait, the oldest first: all, or those of a source, of a replay, or with these receipts.

    Raises `InvalidRequest` for what is no id of a replay.
    """
    if replay is not None and not is_receipt(replay):
        raise InvalidRequest(f"{replay} is not the id of a replay; run: postledger replay list")
    values = {"source": source, "replay": replay, "limit": limit}
    with connection.cursor(row_factory=dict_row) as cursor:
        listed = {"receipts": None if receipts is None else list(receipts)}
        return cursor.execute(sql("list_parked"), values | listed).fetchall()


def settle_parked(
    connection: Connection[Any],
    parked: Sequence[Row],
    *,
    books: bool,
    actor: str,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> dict[str, int]:
    """Book or discard parked reversals and count them by outcome.

    Each transaction settles `PORTION_ROWS`. A reversal that was settled meanwhile is left as it is.
    """
    counts: dict[str, int] = {}
    rows, done = iter(parked), 0
    while portion := list(islice(rows, PORTION_ROWS)):
        with connection.transaction(), connection.cursor() as cursor:
            waiting = _lock(cursor, portion)
            outcomes = _book(cursor, waiting, now) if books else {row["id"]: "discarded" for row in waiting}
            settled = [SettledRow(row["dedup_key"], row["id"], outcomes[row["id"]]) for row in waiting]
            cursor.execute(sql("settle_parked"), {"now": now, "actor": actor, "settled": encode_rows(settled)})
        for outcome in outcomes.values():
            counts[outcome] = counts.get(outcome, 0) + 1
        done += len(portion)
        on_progress(done, len(parked))
    return counts


def _lock(cursor: Cursor[Any], portion: Sequence[Row]) -> list[Row]:
    values = {"dedup_keys": [row["dedup_key"] for row in portion], "receipts": [row["id"] for row in portion]}
    waiting = {receipt for (receipt,) in cursor.execute(sql("lock_parked"), values).fetchall()}
    return [row for row in portion if row["id"] in waiting]


def _book(cursor: Cursor[Any], waiting: Sequence[Row], now: datetime) -> dict[str, str]:
    if not waiting:
        return {}
    decisions = fold_repeats(cursor, [_entry(row, now) for row in waiting])
    write_decisions(cursor, decisions)
    return {receipt: _tell(outcome) for receipt, outcome in decisions.outcomes.items()}


def _entry(row: Row, now: datetime) -> Entry:
    event = Event(
        dedup_key=row["dedup_key"], event=row["event"], click_id=row["click_id"], transaction_id=row["refund_id"],
        status=Status.REVERSED, source_status=row["source_status"], payout=row["payout"], currency=row["currency"],
        affiliate_id=None, subs=None, event_time=row["event_time"], reverses="" if row["refund_id"] else None,
    )  # fmt: skip
    unsigned = tuple(row["unsigned"] or ())
    return Entry(row["id"], now, "", row["source_id"], event=event, rules=_UNGUARDED, unsigned=unsigned)


def _tell(outcome: Outcome) -> str:
    return outcome.refusal.reason.value if outcome.refusal else outcome.verdict.value
