"""Replays one batch of stored rows: judges them, folds what says something new, and counts both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from postledger.audit.replay.booked_before import find_booked_before
from postledger.audit.replay.fold import Folded, find_missing_clicks, fold, park_all
from postledger.audit.replay.judge import Judge, repeat_as, says_the_same
from postledger.audit.replay.selection import StoredRow
from postledger.audit.replay.shadow import copy_known
from postledger.audit.replay.table import CHANGES, Table
from postledger.ledger.entry import Entry
from postledger.vocabulary.receipt import make_replay_receipt
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Verdict

_Judged = tuple[StoredRow, Entry]
_UNDER_ANOTHER_KEY = "booked under another key"


class Replayed(NamedTuple):
    """A stored postback that was booked again, and the receipt of its repeat."""

    postback: str
    receipt: str


class Replayer:
    """Replays rows of one replay. `parks` are the sources whose reversals an operator must look at first."""

    def __init__(self, judge: Judge, replay_id: str, parks: Collection[int], *, in_shadow: bool) -> None:
        self._judge, self._replay_id, self._parks, self._in_shadow = judge, replay_id, parks, in_shadow

    def run(
        self, connection: Connection[Any], rows: Sequence[StoredRow], now: datetime, table: Table
    ) -> list[Replayed]:
        """Replay rows, count them in the table, and return those that were booked."""
        judged = [(row, entry) for row in rows if (entry := self._judge_row(row, table)) is not None]
        same, other = _split(judged)
        _count_same(connection, same, table)
        new = [(row, self._repeat(entry, row, now)) for row, entry in other]
        if not new:
            return []
        entries = [entry for _, entry in new]
        if self._in_shadow:
            copy_known(connection, entries)
        folded = fold(connection, entries)
        opened = [
            entry
            for row, entry in new
            if row.verdict == "refused" and folded[entry.receipt].outcome.verdict is Verdict.ACCEPTED
        ]
        again = find_booked_before(connection, self._judge, opened)
        for row, entry in new:
            _count(table, row, folded[entry.receipt], is_booked_before=entry.receipt in again)
        return [
            Replayed(row.id, entry.receipt) for row, entry in new if folded[entry.receipt].outcome.verdict in CHANGES
        ]

    def _judge_row(self, row: StoredRow, table: Table) -> Entry | None:
        """Judge one row; None if it has no event."""
        table.rows += 1
        judged = self._judge.judge(row)
        if isinstance(judged, tuple):
            table.leave_out(*judged)
            return None
        table.judged += 1
        table.booked_before += row.verdict != "refused"
        if judged.event is None:
            _count_refusal(table, row, judged.refusal)
            return None
        return judged

    def _repeat(self, judged: Entry, row: StoredRow, now: datetime) -> Entry:
        receipt = make_replay_receipt(int(now.timestamp() * 1000), row.id, self._replay_id)
        entry = repeat_as(judged, row, receipt, now)
        return park_all(entry) if entry.source_id in self._parks else entry


def _split(judged: Sequence[_Judged]) -> tuple[list[_Judged], list[_Judged]]:
    """Part the booked rows of which today's rules read the same from all others."""
    same: list[_Judged] = []
    other: list[_Judged] = []
    for row, entry in judged:
        is_same = row.verdict != "refused" and entry.event is not None and says_the_same(row, entry.event)
        (same if is_same else other).append((row, entry))
    return same, other


def _count_same(connection: Connection[Any], same: Sequence[_Judged], table: Table) -> None:
    """Count them as recorded, unless the click must be known today and is not."""
    missing = {entry.receipt for entry in find_missing_clicks(connection, [entry for _, entry in same])}
    for row, entry in same:
        if entry.receipt in missing:
            _count_refusal(table, row, Refusal(Reason.UNKNOWN_CLICK))
        else:
            table.as_recorded += 1


def _count_refusal(table: Table, row: StoredRow, refusal: Refusal | None) -> None:
    is_same = refusal is not None and (row.reason, row.parameter, row.cause) == (
        refusal.reason, refusal.parameter, refusal.cause,
    )  # fmt: skip
    if is_same:
        table.as_recorded += 1
    else:
        table.change(
            receipt=row.id, was=row.verdict, now="refused", detail=_describe(row, refusal), opened=0, money={},
            is_drift=row.verdict != "refused",
        )  # fmt: skip


def _count(table: Table, row: StoredRow, folded: Folded, *, is_booked_before: bool) -> None:
    outcome = folded.outcome
    table.booked_before += is_booked_before
    refusal = outcome.refusal
    if refusal is not None and row.reason == refusal.reason:
        table.as_recorded += 1
        return
    table.change(
        receipt=row.id,
        was=row.verdict,
        now=outcome.verdict,
        detail=_UNDER_ANOTHER_KEY if is_booked_before else _describe(row, refusal),
        opened=outcome.verdict == "accepted",
        money=folded.money,
        is_drift=is_booked_before or row.verdict != "refused",
    )


def _describe(row: StoredRow, refusal: Refusal | None) -> str:
    """Name why a row was refused, why it is now, or both."""
    before = _name(row.reason, row.parameter, row.cause)
    return " → ".join(filter(None, (before, name_refusal(refusal))))


def name_refusal(refusal: Refusal | None) -> str:
    """Name why something is refused: the reason, the parameter and the cause; nothing if it is not."""
    return "" if refusal is None else _name(refusal.reason, refusal.parameter, refusal.cause)


def _name(*words: str | None) -> str:
    return ":".join(word for word in words if word)
