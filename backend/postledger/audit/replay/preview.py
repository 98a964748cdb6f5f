"""The dry run of a replay: what it would book, found by the ledger's own writer on tables that vanish."""

from collections.abc import Callable
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.replay.batch import Replayer
from postledger.audit.replay.judge import Judge
from postledger.audit.replay.selection import Selection, count_rows, read_batches
from postledger.audit.replay.shadow import cast_shadow, list_parking
from postledger.audit.replay.table import Table
from postledger.platform.postgres.connection import read_clock

BATCH_ROWS = 500
OnProgress = Callable[[float, float | None], None]
_NO_REPLAY = ""


class Preview(msgspec.Struct, frozen=True):
    """What a replay would do. `parks` are the sources of which all reversals would wait for an operator."""

    table: Table
    parks: tuple[int, ...]


def preview_replay(connection: Connection[Any], selection: Selection, judge: Judge, on_progress: OnProgress) -> Preview:
    """Find what a replay would do. The connection must not have been used for the ledger before.

    If a source would take back more than its reversal guard allows, none of its reversals is booked by itself.
    """
    parks: tuple[int, ...] = ()
    while True:
        table = _run(connection, selection, judge, parks, on_progress)
        found = list_parking(connection)
        if set(found) <= set(parks):
            return Preview(table, parks)
        parks = tuple(sorted({*parks, *found}))


def _run(
    connection: Connection[Any], selection: Selection, judge: Judge, parks: tuple[int, ...], on_progress: OnProgress
) -> Table:
    cast_shadow(connection)
    table, total = Table(), count_rows(connection, selection)
    replayer = Replayer(judge, _NO_REPLAY, parks, in_shadow=True)
    for rows in read_batches(connection, selection, BATCH_ROWS):
        replayer.run(connection, rows, read_clock(connection), table)
        on_progress(table.rows, total)
    return table
