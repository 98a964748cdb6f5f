"""The ledger: writes one batch of judged requests and tells each of them what became of it.

Gather, decide, apply: three statements for a batch of new keys, two more where keys repeat. The batch is one
transaction, and writing the same batch twice has the effect of writing it once.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection, Cursor

from postledger.adapters.postgres.queries import sql
from postledger.adapters.postgres.rows import (
    ConversionRow,
    FoldedRow,
    conversion_row,
    encode_rows,
    folded_row,
    postback_row,
)
from postledger.domain.click import Click
from postledger.domain.entry import Entry, Outcome, refused
from postledger.domain.event import Event
from postledger.domain.refusal import Reason, Refusal
from postledger.domain.status import Standing, Status, Verdict, fold

Attribution = tuple[int | None, str | None]
"""The campaign id and the affiliate id that a click was made for."""


class Known(msgspec.Struct):
    """A known conversion while a batch folds into it, so that the second of two repeats sees the first."""

    id: str
    campaign_id: int | None
    standing: Standing


def write_batch(connection: Connection[Any], rows: Sequence[Entry | Click]) -> list[Outcome | None]:
    """Write what one flush gathered; a click has no outcome but being stored."""
    clicks = [row for row in rows if isinstance(row, Click)]
    entries = [row for row in rows if isinstance(row, Entry)]
    if clicks:
        _write_clicks(connection, clicks)
    outcomes = iter(write_entries(connection, entries) if entries else ())
    return [next(outcomes) if isinstance(row, Entry) else None for row in rows]


def _write_clicks(connection: Connection[Any], clicks: Sequence[Click]) -> None:
    """Store a batch of visits."""
    connection.execute(sql("insert_clicks"), (encode_rows(clicks),))


def write_entries(connection: Connection[Any], entries: Sequence[Entry]) -> list[Outcome]:
    """Write a batch of judged requests in one transaction; the outcomes come in the order of the entries."""
    clicks = _find_clicks(connection, entries)
    candidates = {entry.receipt: row for entry in entries if (row := _open(entry, clicks)) is not None}
    with connection.transaction(), connection.cursor() as cursor:
        opened = _insert_conversions(cursor, list(candidates.values()))
        repeats = [entry for entry in entries if entry.receipt in candidates and entry.receipt not in opened]
        folded = _fold_repeats(cursor, repeats) if repeats else {}
        outcomes = [folded.get(entry.receipt) or _settle(entry, candidates.get(entry.receipt)) for entry in entries]
        rows = [postback_row(entry, outcome) for entry, outcome in zip(entries, outcomes, strict=True)]
        cursor.execute(sql("insert_postbacks"), (encode_rows(rows),))
    return outcomes


def _find_clicks(connection: Connection[Any], entries: Sequence[Entry]) -> dict[str, Attribution]:
    click_ids = list({entry.event.click_id for entry in entries if entry.event})
    if not click_ids:
        return {}
    found = connection.execute(sql("find_clicks"), (click_ids,)).fetchall()
    return {click_id: (campaign_id, affiliate_id) for click_id, campaign_id, affiliate_id in found}


def _open(entry: Entry, clicks: dict[str, Attribution]) -> ConversionRow | None:
    event = entry.event
    if event is None or (entry.click_required and event.click_id not in clicks):
        return None
    return conversion_row(entry, event, *clicks.get(event.click_id, (None, None)))


def _insert_conversions(cursor: Cursor[Any], rows: Sequence[ConversionRow]) -> set[str]:
    if not rows:
        return set()
    return {receipt for (receipt,) in cursor.execute(sql("insert_conversions"), (encode_rows(rows),))}


def _settle(entry: Entry, row: ConversionRow | None) -> Outcome:
    if row is not None:
        return Outcome(Verdict.ACCEPTED, None, row.id, row.campaign_id, Status(row.status))
    if entry.refusal is not None:
        return Outcome(Verdict.REFUSED, entry.refusal)
    return refused(Reason.UNKNOWN_CLICK)


def _fold_repeats(cursor: Cursor[Any], repeats: Sequence[Entry]) -> dict[str, Outcome]:
    events = {entry.receipt: entry.event for entry in repeats if entry.event}
    known = _lock_conversions(cursor, list({event.dedup_key for event in events.values()}))
    outcomes: dict[str, Outcome] = {}
    changed: dict[str, FoldedRow] = {}
    flagged: list[str] = []
    for entry in repeats:
        event = events[entry.receipt]
        outcome = _fold_one(entry, event, known[event.dedup_key])
        outcomes[entry.receipt] = outcome
        if outcome.verdict is Verdict.UPDATED:
            changed[event.dedup_key] = folded_row(entry, event, known[event.dedup_key].standing)
        elif outcome.verdict is Verdict.REFUSED:
            flagged.append(event.dedup_key)
    _apply(cursor, list(changed.values()), flagged, max(entry.received_at for entry in repeats))
    return outcomes


def _fold_one(entry: Entry, event: Event, known: Known) -> Outcome:
    if known.id == entry.receipt:  # this very entry opened it, in an attempt whose commit went unanswered
        return Outcome(Verdict.ACCEPTED, None, known.id, known.campaign_id, event.status)
    folded = fold(known.standing, event.standing, may_reapprove=entry.may_reapprove)
    known.standing = folded.standing
    status = folded.standing.status
    if folded.verdict is None:
        return Outcome(Verdict.REFUSED, Refusal(Reason.CONFLICT), known.id, known.campaign_id, status)
    return Outcome(folded.verdict, None, known.id, known.campaign_id, status)


def _lock_conversions(cursor: Cursor[Any], dedup_keys: list[str]) -> dict[str, Known]:
    rows: list[tuple[str, str, int | None, str, Decimal | None, str | None, datetime | None]]
    rows = cursor.execute(sql("lock_conversions"), (dedup_keys,)).fetchall()
    return {
        dedup_key: Known(conversion_id, campaign_id, Standing(Status(status), payout, currency, event_time))
        for dedup_key, conversion_id, campaign_id, status, payout, currency, event_time in rows
    }


def _apply(cursor: Cursor[Any], changed: list[FoldedRow], flagged: list[str], now: datetime) -> None:
    if changed:
        cursor.execute(sql("update_conversions"), (encode_rows(changed),))
    if flagged:
        cursor.execute(sql("flag_conversions"), (now, flagged))
