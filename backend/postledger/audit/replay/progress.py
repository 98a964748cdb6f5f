"""How far a replay is, as it is stored, and the decision on one that waits."""

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from psycopg import Connection

from postledger.audit.replay.selection import Cursor, Selection
from postledger.audit.replay.table import Table
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound, NotPossible
from postledger.vocabulary.receipt import is_receipt

sql = statements_of("postledger.audit.replay")


class State(StrEnum):
    """What a replay does: it is booked, was booked, waits for an operator, or will never be booked."""

    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"
    DISCARDED = "discarded"


class Progress(msgspec.Struct):
    """How far a replay is.

    `expected` is the number of rows to book that the dry run showed. `accepts_drift`: what was booked before may be
    booked as it is judged today. Until a replay begins, `table` is that of the dry run.
    """

    expected: int
    parks: tuple[int, ...]
    table: Table
    accepts_drift: bool = False


class Stored(NamedTuple):
    """A replay as it is stored."""

    selection: Selection
    progress: Progress
    cursor: Cursor | None
    state: State


def read_progress(connection: Connection[Any], replay_id: str, *, lock: bool) -> Stored:
    """Read a replay. With `lock`, other sessions wait until the transaction ends. Raises `NotFound`."""
    statement = sql("lock_replay" if lock else "read_replay")
    row = connection.execute(statement, (replay_id,)).fetchone() if is_receipt(replay_id) else None
    if row is None:
        raise NotFound(f"no replay has the id {replay_id}; run: postledger replay list")
    selection, counts, received_at, row_id, state = row
    cursor = None if received_at is None else Cursor(received_at, row_id)
    return Stored(msgspec.convert(selection, Selection), msgspec.convert(counts, Progress), cursor, State(state))


def decide(connection: Connection[Any], replay_id: str, *, books: bool) -> None:
    """Let a replay that waits begin, or discard it. Raises `NotFound`, or `NotPossible` if it does not wait."""
    stored = read_progress(connection, replay_id, lock=True)
    if stored.state is not State.PARKED:
        raise NotPossible(f"replay {replay_id} does not wait for a decision: it is {stored.state}")
    progress = replace(stored.progress, table=Table()) if books else stored.progress
    values = {
        "id": replay_id,
        "state": State.RUNNING if books else State.DISCARDED,
        "counts": encode(progress),
        "now": read_clock(connection),
    }
    connection.execute(sql("decide_replay"), values)


def encode(value: msgspec.Struct) -> str:
    """Write a part of a replay for its row."""
    return msgspec.json.encode(value).decode()
