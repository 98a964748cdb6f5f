"""Replays rows into the tables of the sandbox: what production would make of them if they came there first.

The sandbox's tables hold other conversions than the ledger. So this shows the rules at work, not what a replay books.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from postledger.audit.replay.batch import name_refusal
from postledger.audit.replay.fold import fold
from postledger.audit.replay.judge import Judge, repeat_as
from postledger.audit.replay.preview import BATCH_ROWS, OnProgress
from postledger.audit.replay.selection import Selection, StoredRow, count_rows, read_batches
from postledger.audit.replay.table import Table
from postledger.ledger.entry import Entry
from postledger.ledger.sandbox import use_sandbox
from postledger.platform.postgres.connection import read_clock
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.receipt import make_replay_receipt

MOST_ROWS = 100_000
_REFUSED = "refused"


def rehearse(
    connection: Connection[Any], selection: Selection, judge: Judge, replay_id: str, on_progress: OnProgress
) -> Table:
    """Replay rows into the sandbox, and count them by what they were and what they became there.

    Each batch is one transaction. The rows are deleted with the others of the sandbox. Raises `NotPossible` for more
    than `MOST_ROWS`.
    """
    table, total = Table(), count_rows(connection, selection)
    if total > MOST_ROWS:
        raise NotPossible(f"{total} postbacks are too many for the sandbox, which takes {MOST_ROWS}; select fewer")
    use_sandbox(connection)
    for rows in read_batches(connection, selection, BATCH_ROWS):
        with connection.transaction():
            _rehearse(connection, rows, judge, replay_id, table)
        on_progress(table.rows, total)
    return table


def _rehearse(
    connection: Connection[Any], rows: Sequence[StoredRow], judge: Judge, replay_id: str, table: Table
) -> None:
    judged = [(row, entry) for row in rows if (entry := _judge(judge, row, table)) is not None]
    now = read_clock(connection)
    made_ms = int(now.timestamp() * 1000)
    new = [(row, repeat_as(entry, row, make_replay_receipt(made_ms, row.id, replay_id), now)) for row, entry in judged]
    folded = fold(connection, [entry for _, entry in new])
    for row, entry in new:
        outcome, money = folded[entry.receipt]
        is_new = outcome.verdict == "accepted"
        _count(table, row, outcome.verdict, name_refusal(outcome.refusal), opened=is_new, money=money)


def _judge(judge: Judge, row: StoredRow, table: Table) -> Entry | None:
    """Judge one row; None if it has no event."""
    table.rows += 1
    judged = judge.judge(row)
    if isinstance(judged, tuple):
        table.leave_out(*judged)
        return None
    table.judged += 1
    if judged.event is None:
        _count(table, row, _REFUSED, name_refusal(judged.refusal), opened=False, money={})
        return None
    return judged


def _count(table: Table, row: StoredRow, now: str, detail: str, *, opened: bool, money: Any) -> None:
    table.change(receipt=row.id, was=row.verdict, now=now, detail=detail, opened=opened, money=money, is_drift=False)
