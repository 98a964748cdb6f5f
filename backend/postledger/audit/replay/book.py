"""Books a replay, batch by batch.

Each batch is one transaction with its cursor, so that a replay that was killed at any point goes on where it stopped,
and books nothing twice.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

from postledger.audit.replay.batch import Replayer
from postledger.audit.replay.judge import Judge
from postledger.audit.replay.preview import BATCH_ROWS, OnProgress, Preview
from postledger.audit.replay.progress import Progress, State, encode, read_progress
from postledger.audit.replay.selection import Cursor, Selection, StoredRow, count_rows, read_rows
from postledger.audit.replay.table import Table
from postledger.platform.postgres.advisory_locks import ERASURE, REPLAY, share_lock, wait_for_lock
from postledger.platform.postgres.connection import read_clock, set_lock_timeout
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.receipt import make_receipt

sql = statements_of("postledger.audit.replay")

_WAIT_FOR_LOCK_MS = 1000
_ATTEMPTS = 5
_DRIFT = (
    "postbacks that were booked before are judged otherwise than in the dry run, so the rest was not booked. Look at"
    " them with a dry run, and start another replay; replay {id} stays where it is"
)


def start_replay(
    connection: Connection[Any],
    selection: Selection,
    preview: Preview,
    *,
    actor: str,
    entropy: bytes,
    accepts_drift: bool = False,
    waits: bool = False,
) -> str:
    """Record a replay that will be booked, or that waits until an operator lets it begin. Return its id."""
    now = read_clock(connection)
    replay_id = make_receipt(int(now.timestamp() * 1000), entropy)
    table = preview.table if waits else Table()
    progress = Progress(preview.table.rows_to_book, preview.parks, table, accepts_drift)
    state = State.PARKED if waits else State.RUNNING
    values = {"selection": encode(selection), "counts": encode(progress), "state": state, "actor": actor}
    connection.execute(sql("insert_replay"), values | {"id": replay_id, "now": now})
    return replay_id


def book_replay(
    connection: Connection[Any],
    replay_id: str,
    judge: Judge,
    *,
    rate: int,
    on_progress: OnProgress,
    pause: Callable[[float], None] = time.sleep,
) -> Progress:
    """Book what is left of a replay, at most `rate` rows per second.

    Raises `NotFound`, or `NotPossible` for one that waits or was discarded.
    """
    set_lock_timeout(connection, _WAIT_FOR_LOCK_MS)
    selection, progress, cursor, is_done = _read(connection, replay_id, lock=False)
    total = progress.table.rows + (0 if is_done else count_rows(connection, selection, cursor))
    while not is_done:
        started_s, booked = time.monotonic(), progress.table.rows_to_book
        progress, is_done = _book_patiently(connection, replay_id, judge, min(rate, BATCH_ROWS))
        on_progress(progress.table.rows, max(total, progress.table.rows))
        if not is_done:
            pause(max(0.0, (progress.table.rows_to_book - booked) / rate - (time.monotonic() - started_s)))
    return progress


def _book_patiently(connection: Connection[Any], replay_id: str, judge: Judge, limit: int) -> tuple[Progress, bool]:
    # Requests come first: a batch that waits for one for too long is given up, and written again. So does an erasure.
    for _ in range(_ATTEMPTS):
        try:
            return _book_batch(connection, replay_id, judge, limit)
        except (DeadlockDetected, LockNotAvailable):
            continue
    raise NotPossible(
        f"other sessions hold locks, such as an erasure; go on later: postledger replay --resume {replay_id}"
    )


def _book_batch(connection: Connection[Any], replay_id: str, judge: Judge, limit: int) -> tuple[Progress, bool]:
    with connection.transaction():
        share_lock(connection, ERASURE)
        wait_for_lock(connection, REPLAY)
        selection, progress, cursor, is_done = _read(connection, replay_id, lock=True)
        rows = [] if is_done else read_rows(connection, selection, cursor, limit)
        now = read_clock(connection)
        replayed = Replayer(judge, replay_id, progress.parks, in_shadow=False).run(
            connection, rows, now, progress.table
        )
        if progress.table.drifted and not progress.accepts_drift:
            raise NotPossible(_DRIFT.format(id=replay_id))
        values = {"postbacks": [one.postback for one in replayed], "receipts": [one.receipt for one in replayed]}
        connection.execute(sql("insert_replayed"), values | {"replay": replay_id, "now": now})
        _move(connection, replay_id, progress, rows, now)
    return progress, not rows


def _move(
    connection: Connection[Any], replay_id: str, progress: Progress, rows: Sequence[StoredRow], now: object
) -> None:
    last = rows[-1] if rows else None
    values = {
        "id": replay_id,
        "counts": encode(progress),
        "received_at": last and last.received_at,
        "row_id": last and last.id,
        "is_done": last is None,
        "now": now,
    }
    connection.execute(sql("move_replay"), values)


def _read(
    connection: Connection[Any], replay_id: str, *, lock: bool
) -> tuple[Selection, Progress, Cursor | None, bool]:
    stored = read_progress(connection, replay_id, lock=lock)
    if stored.state is State.PARKED:
        raise NotPossible(f"replay {replay_id} waits for a decision: postledger replay release {replay_id}")
    if stored.state is State.DISCARDED:
        raise NotPossible(f"replay {replay_id} was discarded; start another one")
    return stored.selection, stored.progress, stored.cursor, stored.state is State.DONE
