"""Lists replays that were booked, and shows one."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.replay.progress import Progress, State
from postledger.audit.replay.selection import Selection
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.receipt import is_receipt

sql = statements_of("postledger.audit.replay")


class Shown(msgspec.Struct, frozen=True):
    """A replay: what it selected, and how far it is."""

    id: str
    state: str
    created_at: datetime
    updated_at: datetime
    actor: str
    selection: Selection
    progress: Progress

    @property
    def booked(self) -> int:
        """How many rows it has booked. Before it begins, its table is that of the dry run."""
        return 0 if self.state in (State.PARKED, State.DISCARDED) else self.progress.table.rows_to_book


def list_replays(connection: Connection[Any], limit: int | None = None) -> list[Shown]:
    """List replays, the newest first."""
    return _read(connection, None, limit)


def show_replay(connection: Connection[Any], replay_id: str) -> Shown:
    """Read one replay. Raises `NotFound`."""
    found = _read(connection, replay_id, 1) if is_receipt(replay_id) else []
    if not found:
        raise NotFound(f"no replay has the id {replay_id}; run: postledger replay list")
    return found[0]


def _read(connection: Connection[Any], replay_id: str | None, limit: int | None) -> list[Shown]:
    rows = connection.execute(sql("list_replays"), {"id": replay_id, "limit": limit}).fetchall()
    return [
        Shown(
            replay_id,
            state,
            created_at,
            updated_at,
            actor,
            msgspec.convert(selection, Selection),
            msgspec.convert(counts, Progress),
        )
        for replay_id, state, created_at, updated_at, actor, selection, counts in rows
    ]
