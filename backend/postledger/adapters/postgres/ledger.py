"""The ledger: writes one batch of judged requests and tells each of them what became of it.

One statement settles a batch of new keys; a second transaction folds what repeats a known one. Writing the same batch
twice has the effect of writing it once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from psycopg import Connection, Cursor

from postledger.adapters.postgres.queries import sql
from postledger.adapters.postgres.rows import FoldedRow, encode_rows, entry_row, folded_row
from postledger.domain.click import Click
from postledger.domain.entry import Entry, Outcome
from postledger.domain.event import Event
from postledger.domain.refusal import Reason, Refusal
from postledger.domain.status import Standing, Status, Verdict, fold
from postledger.domain.unsigned import carry_unsigned


class Settled(NamedTuple):
    """What the first statement says of one entry; without a verdict the entry repeats a known key."""

    verdict: str | None
    reason: str | None
    campaign_id: int | None
    observed: list[str] | None

    @property
    def observed_reasons(self) -> tuple[Reason, ...]:
        """The reasons for which an entry of a source in observe mode would have been refused."""
        return tuple(map(Reason, self.observed)) if self.observed else ()


class Known(msgspec.Struct):
    """A known conversion while a batch folds into it, so that the second of two repeats sees the first."""

    id: str
    campaign_id: int | None
    standing: Standing
    unsigned: Sequence[str]


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
    """Write a batch of judged requests; the outcomes come in the order of the entries.

    What is new or refused is settled by one statement, a transaction of its own; what repeats a key needs another.
    """
    document = encode_rows([entry_row(entry) for entry in entries])
    settled = {row[0]: Settled(*row[1:]) for row in connection.execute(sql("record_entries"), (document,))}
    outcomes = {entry.receipt: _read_outcome(entry, settled[entry.receipt]) for entry in entries}
    repeats = [entry for entry in entries if outcomes[entry.receipt] is None]
    folded = _record_repeats(connection, repeats, settled) if repeats else {}
    return [outcomes[entry.receipt] or folded[entry.receipt] for entry in entries]


def _read_outcome(entry: Entry, settled: Settled) -> Outcome | None:
    if settled.verdict == Verdict.ACCEPTED and entry.event is not None:
        status = entry.event.status
        return Outcome(Verdict.ACCEPTED, None, entry.receipt, settled.campaign_id, status, settled.observed_reasons)
    if settled.verdict == Verdict.REFUSED:
        refusal = entry.refusal or Refusal(Reason(str(settled.reason)))
        return Outcome(Verdict.REFUSED, refusal, observed=settled.observed_reasons)
    return None


def _record_repeats(
    connection: Connection[Any], repeats: Sequence[Entry], settled: Mapping[str, Settled]
) -> dict[str, Outcome]:
    with connection.transaction(), connection.cursor() as cursor:
        outcomes = {
            receipt: replace(outcome, observed=settled[receipt].observed_reasons)
            for receipt, outcome in _fold_repeats(cursor, repeats).items()
        }
        rows = [entry_row(entry, outcomes[entry.receipt]) for entry in repeats]
        cursor.execute(sql("record_repeats"), (encode_rows(rows),))
    return outcomes


def _fold_repeats(cursor: Cursor[Any], repeats: Sequence[Entry]) -> dict[str, Outcome]:
    events = {entry.receipt: entry.event for entry in repeats if entry.event}
    known = _lock_conversions(cursor, list({event.dedup_key for event in events.values()}))
    outcomes: dict[str, Outcome] = {}
    changed: dict[str, FoldedRow] = {}
    flagged: list[str] = []
    for entry in repeats:
        event = events[entry.receipt]
        outcome = outcomes[entry.receipt] = _fold_one(entry, event, known[event.dedup_key])
        if outcome.verdict is Verdict.UPDATED:
            after = known[event.dedup_key]
            changed[event.dedup_key] = folded_row(entry, event, after.standing, after.unsigned)
        elif outcome.verdict is Verdict.REFUSED:
            flagged.append(event.dedup_key)
    _apply(cursor, list(changed.values()), flagged, max(entry.received_at for entry in repeats))
    return outcomes


def _fold_one(entry: Entry, event: Event, known: Known) -> Outcome:
    if known.id == entry.receipt:  # this very entry opened it, in an attempt whose commit went unanswered
        return Outcome(Verdict.ACCEPTED, None, known.id, known.campaign_id, event.status)
    folded = fold(known.standing, event.standing, may_reapprove=entry.may_reapprove)
    if folded.verdict is Verdict.UPDATED:
        known.standing = folded.standing
        known.unsigned = carry_unsigned(known.unsigned, entry.unsigned, event.standing)
    status = folded.standing.status
    if folded.verdict is None:
        return Outcome(Verdict.REFUSED, Refusal(Reason.CONFLICT), known.id, known.campaign_id, status)
    return Outcome(folded.verdict, None, known.id, known.campaign_id, status)


def _lock_conversions(cursor: Cursor[Any], dedup_keys: list[str]) -> dict[str, Known]:
    rows: list[tuple[str, str, int | None, str, Decimal | None, str | None, datetime | None, list[str] | None]]
    rows = cursor.execute(sql("lock_conversions"), (dedup_keys,)).fetchall()
    return {
        dedup_key: Known(conversion_id, campaign_id, Standing(Status(status), payout, currency, at), unsigned or ())
        for dedup_key, conversion_id, campaign_id, status, payout, currency, at, unsigned in rows
    }


def _apply(cursor: Cursor[Any], changed: list[FoldedRow], flagged: list[str], now: datetime) -> None:
    if changed:
        cursor.execute(sql("update_conversions"), (encode_rows(changed),))
    if flagged:
        cursor.execute(sql("flag_conversions"), (now, flagged))
