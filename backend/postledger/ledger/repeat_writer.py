"""Writes the repeats of a batch that may change something: entries whose conversions are on the ledger already.

It gathers what is known, under locks, has the rules decide, and writes the decisions. It makes none itself. Most
batches have no such repeats: the first statement of the ledger settles them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from psycopg import Cursor

from postledger.ledger.entry import Entry
from postledger.ledger.rows import encode_rows
from postledger.ledger.rules.repeats import Decisions, KnownConversion, decide_repeats
from postledger.ledger.rules.reversal_guard import WINDOW, Refund, Reversals, is_guarded
from postledger.ledger.rules.status_rules import ChangeKind, Past, remember
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.statuses import Standing, Status

sql = statements_of("postledger.ledger")

_LOCK_ID = 0x72657673  # "revs"; the second number of each lock is the source
_NO_PAST: Past = frozenset()


def fold_repeats(cursor: Cursor[Any], repeats: Sequence[Entry]) -> Decisions:
    """Lock the conversions that some entries repeat, and decide what becomes of them. Nothing is written yet."""
    known = _lock_conversions(cursor, {entry.event.dedup_key for entry in repeats if entry.event is not None})
    return decide_repeats(repeats, known, _gather_reversals(cursor, repeats))


def write_decisions(cursor: Cursor[Any], decisions: Decisions) -> None:
    """Write what was decided, in the transaction that holds the locks."""
    if decisions.changes:
        values = {"changes": encode_rows(decisions.changes), "conversions": encode_rows(decisions.conversions)}
        cursor.execute(sql("record_changes"), values)
    if decisions.contradicted:
        at = max(decisions.contradicted.values())
        cursor.execute(sql("flag_conversions"), (at, list(decisions.contradicted)))
    if decisions.parked:
        cursor.execute(sql("park_reversals"), (encode_rows(decisions.parked),))


class _Locked(NamedTuple):
    """One conversion, as the locking statement gives it; the last five are its past, a list each, or None."""

    dedup_key: str
    id: str
    click_id: str
    campaign_id: int | None
    status: str
    payout: Decimal | None
    currency: str | None
    event_time: datetime | None
    source_status: str | None
    unsigned: list[str] | None
    revision: int
    changed_at: datetime
    is_stale: bool
    kinds: list[ChangeKind] | None
    payouts_before: list[Decimal | None]
    amounts: list[Decimal | None]
    times: list[datetime | None]
    refund_ids: list[str | None]


def _lock_conversions(cursor: Cursor[Any], dedup_keys: Collection[str]) -> Mapping[str, KnownConversion]:
    locked = _lock(cursor, dedup_keys)
    if any(row.is_stale for row in locked):
        # Another transaction changed one while the statement waited for its lock: the statement reads that conversion
        # as it is now, and its past as it was before. Now that it is locked, both are read together.
        locked = _lock(cursor, dedup_keys)
    return {row.dedup_key: _known(row) for row in locked}


def _lock(cursor: Cursor[Any], dedup_keys: Collection[str]) -> list[_Locked]:
    rows = cursor.execute(sql("lock_conversions"), (list(dedup_keys),)).fetchall()
    return [_Locked(*row) for row in rows]


def _known(row: _Locked) -> KnownConversion:
    standing = Standing(Status(row.status), row.payout, row.currency, row.event_time)
    unsigned = tuple(row.unsigned or ())
    return KnownConversion(
        row.dedup_key, row.id, row.click_id, row.campaign_id, standing, row.source_status, unsigned, _past_of(row),
        row.revision, row.changed_at,
    )  # fmt: skip


def _past_of(row: _Locked) -> Past:
    if row.kinds is None:
        return _NO_PAST
    changes = zip(row.kinds, row.payouts_before, row.amounts, row.times, row.refund_ids, strict=True)
    return _NO_PAST.union(*(remember(*change) for change in changes))


def _gather_reversals(cursor: Cursor[Any], repeats: Sequence[Entry]) -> Reversals:
    guarded = [entry for entry in repeats if is_guarded(entry)]
    if not guarded:
        return Reversals()
    source_ids = sorted({entry.source_id for entry in guarded if entry.source_id is not None})
    keys = list({entry.event.dedup_key for entry in guarded if entry.event is not None})
    since = max(entry.received_at for entry in repeats) - WINDOW
    # The lock is a statement of its own: the count must see what others committed while this one waited.
    cursor.execute(sql("lock_sources"), (_LOCK_ID, source_ids))
    counts = cursor.execute(sql("count_reversals"), {"source_ids": source_ids, "since": since}).fetchall()
    parked = cursor.execute(sql("read_parked"), (keys,)).fetchall()
    return Reversals(dict(counts), {Refund(*refund): receipt for receipt, *refund in parked})
