"""The repeats of a batch: entries whose keys are on the ledger already, folded one after the other under their locks.

Apart from the ledger's first statement, which settles what is new: most batches never come here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Cursor

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.reversal_guard import ReversalGuard
from postledger.ledger.rows import ChangeRow, FoldedRow, encode_rows, folded_row
from postledger.ledger.rules.status_rules import Change, Memory, fold, remember
from postledger.platform.postgres.sql import statements_of
from postledger.policy.unsigned_fields import carry_unsigned
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Standing, Status, Verdict

sql = statements_of("postledger.ledger")


class Known(msgspec.Struct):
    """A known conversion while a batch folds into it, so that the second of two repeats sees the first."""

    dedup_key: str
    id: str
    campaign_id: int | None
    standing: Standing
    source_status: str | None
    unsigned: Sequence[str]
    updated_at: datetime | None = None
    flagged_at: datetime | None = None


class Pasts:
    """What changed the worth of a batch's conversions before: read for all of them when the first fold asks, if any."""

    def __init__(self, cursor: Cursor[Any], dedup_keys: Collection[str]) -> None:
        self._cursor, self._dedup_keys = cursor, list(dedup_keys)
        self._pasts: dict[str, set[Memory]] = {}
        self._is_read = False
        self.changes: list[ChangeRow] = []

    def of(self, dedup_key: str) -> "Past":
        """Give the past of one conversion, this batch's own part of it included."""
        return Past(self, dedup_key)

    def holds(self, dedup_key: str, item: object) -> bool:
        """Tell whether something is part of a conversion's past."""
        if not self._is_read:
            self._read()
        return item in self._pasts.get(dedup_key, ())

    def add(self, change: ChangeRow) -> None:
        """Add a change of this batch."""
        self.changes.append(change)
        self._remember(change)

    def _read(self) -> None:
        self._is_read = True
        for dedup_key, kind, own_id, payout, before, at in self._cursor.execute(sql("read_pasts"), (self._dedup_keys,)):
            self._pasts.setdefault(dedup_key, set()).update(remember(kind, before, payout, at, own_id))

    def _remember(self, row: ChangeRow) -> None:
        items = remember(row.kind, row.payout_before, row.payout, row.event_time, row.transaction_id)
        self._pasts.setdefault(row.dedup_key, set()).update(items)


class Past:
    """The past of one conversion, as the fold asks for it."""

    def __init__(self, pasts: Pasts, dedup_key: str) -> None:
        self._pasts, self._dedup_key = pasts, dedup_key

    def __contains__(self, item: object) -> bool:
        return self._pasts.holds(self._dedup_key, item)


def fold_repeats(cursor: Cursor[Any], repeats: Sequence[Entry]) -> dict[str, Outcome]:
    """Fold entries into the conversions that they repeat, write what came of it, and tell the outcome by receipt."""
    events = {entry.receipt: entry.event for entry in repeats if entry.event}
    known = _lock_conversions(cursor, {event.dedup_key for event in events.values()})
    pasts, guard = Pasts(cursor, known), ReversalGuard(cursor, repeats)
    outcomes: dict[str, Outcome] = {}
    for entry in repeats:
        event = events[entry.receipt]
        outcomes[entry.receipt] = _fold_one(entry, event, known[event.dedup_key], pasts, guard)
    _apply(cursor, known.values(), pasts.changes)
    guard.write()
    return outcomes


def _fold_one(entry: Entry, event: Event, known: Known, pasts: Pasts, guard: ReversalGuard) -> Outcome:
    if known.id == entry.receipt:  # this very entry opened it, in an attempt whose commit went unanswered
        return Outcome(Verdict.ACCEPTED, None, known.id, known.campaign_id, event.status)
    before = known.standing
    folded = fold(before, event.standing, entry.rules, pasts.of(known.dedup_key), event.own_id)
    if folded.verdict is None:
        known.flagged_at = entry.received_at
        return Outcome(Verdict.REFUSED, Refusal(Reason.CONFLICT), known.id, known.campaign_id, before.status)
    if folded.change is not None and folded.change.kind != "correction":
        held = guard.judge(entry, event, known.id)
        if held is not None:
            return Outcome(held, None, known.id, known.campaign_id)
    if folded.verdict is Verdict.UPDATED:
        _update(known, folded.standing, entry, event)
    if folded.change is not None:
        pasts.add(_change_row(entry, event, known.id, before, folded.change))
    reached = None if folded.standing.status == before.status else folded.standing.status
    return Outcome(folded.verdict, None, known.id, known.campaign_id, reached)


def _update(known: Known, standing: Standing, entry: Entry, event: Event) -> None:
    if standing.status == event.status:  # after a refund the source's word is still that of what is left
        known.source_status = event.source_status
    known.standing, known.updated_at = standing, entry.received_at
    known.unsigned = carry_unsigned(known.unsigned, entry.unsigned, event.standing)


def _change_row(entry: Entry, event: Event, conversion_id: str, before: Standing, change: Change) -> ChangeRow:
    assert entry.source_id is not None, "only a source has events"
    return ChangeRow(
        event.dedup_key, entry.receipt, entry.source_id, change.kind, entry.received_at,
        None if change.kind == "correction" else conversion_id, event.own_id, event.source_status,
        event.payout, before.payout, change.delta, _currency_of_delta(event, before), event.event_time,
    )  # fmt: skip


def _currency_of_delta(event: Event, before: Standing) -> str | None:
    # What is taken back is in the money that was booked, whatever other the reversal speaks of.
    return event.currency or before.currency if before.payout is None else before.currency


def _lock_conversions(cursor: Cursor[Any], dedup_keys: Collection[str]) -> Mapping[str, Known]:
    rows: list[
        tuple[str, str, int | None, str, Decimal | None, str | None, datetime | None, str | None, list[str] | None]
    ]
    rows = cursor.execute(sql("lock_conversions"), (list(dedup_keys),)).fetchall()
    return {
        dedup_key: Known(
            dedup_key, own_id, campaign_id, Standing(Status(status), payout, currency, at), word, unsigned or ()
        )
        for dedup_key, own_id, campaign_id, status, payout, currency, at, word, unsigned in rows
    }


def _apply(cursor: Cursor[Any], known: Iterable[Known], changes: list[ChangeRow]) -> None:
    changed, flagged = _list_changed(known), [one for one in known if one.flagged_at is not None]
    if changed:
        cursor.execute(sql("update_conversions"), (encode_rows(changed),))
    if flagged:
        now = max(one.flagged_at for one in flagged if one.flagged_at is not None)
        cursor.execute(sql("flag_conversions"), (now, [one.dedup_key for one in flagged]))
    if changes:
        cursor.execute(sql("record_changes"), (encode_rows(changes),))


def _list_changed(known: Iterable[Known]) -> list[FoldedRow]:
    return [
        folded_row(one.dedup_key, one.updated_at, one.standing, one.source_status, one.unsigned)
        for one in known
        if one.updated_at is not None
    ]
