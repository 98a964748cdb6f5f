"""Leases deliveries of a forward, records what came of them, and keeps the circuits: the tables of forwards.

A delivery is leased until a time. If the worker dies, it is leased again when that time has passed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.ledger.rows import encode_rows
from postledger.outgoing.delivery import Leased, Result
from postledger.outgoing.rules.circuit import Circuit
from postledger.outgoing.rules.forward import Facts
from postledger.platform.leases import end_of_lease
from postledger.platform.postgres.connection import look_up_by_keys
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.outgoing")

_STATUS, _SUBS = Facts.__struct_fields__.index("status"), Facts.__struct_fields__.index("subs")
_IDLE_S = 45  # a worker that stops has 20, and leases last for 60
_LOCK_SPACE = 0x66777264  # "fwrd" in ASCII


class ForwardState(msgspec.Struct, frozen=True):
    """A forward in the tables: its circuit, whether it was retired, and when its first deliveries are due."""

    circuit: Circuit
    is_retired: bool
    live_due_at: datetime | None
    backfill_due_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Return whether a delivery is due. It may be leased already."""
        return any(due_at is not None and due_at <= now for due_at in (self.live_due_at, self.backfill_due_at))


def prepare_session(connection: Connection[Any]) -> None:
    """Prepare a session that sends: it ends if the worker stands still, and looks rows up by keys."""
    connection.execute(sql("prepare_session"), (f"{_IDLE_S}s",))
    look_up_by_keys(connection)


def take_forwards(connection: Connection[Any], slugs: Sequence[str]) -> set[str]:
    """Take the right to send for some forwards, and return those for which no other session has it."""
    rows = connection.execute(sql("take_forwards"), {"slugs": list(slugs), "space": _LOCK_SPACE}).fetchall()
    return {slug for (slug,) in rows}


def read_states(connection: Connection[Any]) -> dict[str, ForwardState]:
    """Read the state of each forward, also of those that were retired."""
    rows = connection.execute(sql("read_forward_states")).fetchall()
    return {row[0]: ForwardState(Circuit(*row[1:5]), *row[5:]) for row in rows}


def lease(connection: Connection[Any], forward: str, *, is_backfill: bool, limit: int, now: datetime) -> list[Leased]:
    """Lease the oldest deliveries that are due, at most `limit`; of one conversion only the earliest that waits."""
    values = {
        "forward": forward, "is_backfill": is_backfill, "limit": limit, "now": now, "until": end_of_lease(now),
    }  # fmt: skip
    return [_read_leased(*row) for row in connection.execute(sql("lease_deliveries"), values).fetchall()]


def _read_leased(*row: Any) -> Leased:
    dedup_key, receipt, attempts, first_at, *facts = row
    facts[_STATUS], facts[_SUBS] = Status(facts[_STATUS]), facts[_SUBS] or {}
    return Leased(dedup_key, receipt, attempts, first_at, Facts(*facts))


def release(connection: Connection[Any], forward: str, unsent: Iterable[Leased]) -> None:
    """Give back what was leased and not sent."""
    listed = list(unsent)
    values = {
        "forward": forward,
        "dedup_keys": [one.dedup_key for one in listed],
        "receipts": [one.receipt for one in listed],
        "attempts": [one.attempts for one in listed],
    }
    connection.execute(sql("release_deliveries"), values)


class _Moved(msgspec.Struct):
    dedup_key: str
    revision: int
    due_at: datetime


def settle(connection: Connection[Any], forward: str, results: Sequence[Result], now: datetime) -> int:
    """Record attempts and what becomes of their deliveries, and return how many were recorded."""
    values = {"forward": forward, "results": encode_rows(results), "now": now}
    recorded = connection.execute(sql("settle_deliveries"), values).rowcount
    if moved := [_Moved(one.dedup_key, one.revision, one.due_at) for one in results if one.moves_later]:
        connection.execute(sql("move_later_deliveries"), {"forward": forward, "moved": encode_rows(moved)})
    return recorded


def lock_circuit(connection: Connection[Any], forward: str) -> Circuit:
    """Read the circuit of a forward and lock it."""
    row = connection.execute(sql("lock_circuit"), (forward,)).fetchone()
    assert row is not None, "a forward is retired, never deleted"
    return Circuit(*row)


def store_circuit(connection: Connection[Any], forward: str, circuit: Circuit) -> None:
    """Store the circuit of a forward."""
    connection.execute(sql("store_circuit"), {"forward": forward, **msgspec.structs.asdict(circuit)})


def note_delivered(connection: Connection[Any], forward: str, now: datetime) -> None:
    """Note when something was last delivered to a forward."""
    connection.execute(sql("note_delivered"), {"forward": forward, "now": now})


def discard_waiting(connection: Connection[Any], forward: str, now: datetime) -> int:
    """Discard what still waits for a forward, and return how many."""
    return connection.execute(sql("discard_waiting"), {"forward": forward, "now": now}).rowcount
