"""The exports in the ledger: a row for each bill and target. What is due is leased, and settled after the attempt."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from postledger.finance.exports.read_bills import hash_content, read_bills
from postledger.finance.exports.settlement import Leased, Settled
from postledger.platform.leases import end_of_lease
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")

PORTION = 500


class TargetState(msgspec.Struct, frozen=True):
    """How a target fares: its failures in a row, and until when nothing is sent to it."""

    failures: int
    paused_until: datetime | None

    def is_paused(self, now: datetime) -> bool:
        """Return whether nothing is sent now."""
        return self.paused_until is not None and now < self.paused_until


def queue_missing(connection: Connection[Any], now: datetime) -> int:
    """Queue approved bills for the targets that do not have them: one portion. Return how many.

    It looks at what is there, so the code that approves a bill does not know of exports.
    """
    with connection.transaction():
        missing = connection.execute(sql("find_missing_exports"), {"limit": PORTION}).fetchall()
        bills = read_bills(connection, list({bill_id for bill_id, _ in missing})) if missing else {}
        rows = [(bill_id, target, now, hash_content(bills[bill_id]), now, now) for bill_id, target in missing]
        with connection.cursor() as cursor:
            cursor.executemany(sql("insert_export_row"), rows)
    return len(rows)


def read_states(connection: Connection[Any]) -> dict[str, TargetState]:
    """Read how the targets in force fare, by slug."""
    rows = connection.execute(sql("read_target_states")).fetchall()
    return {slug: TargetState(failures, paused_until) for slug, failures, paused_until in rows}


def lease(connection: Connection[Any], target: str, limit: int, now: datetime) -> list[Leased]:
    """Lease what is due to a target, oldest first.

    From here on each may have arrived there: the worker that leases it next, after a crash, has to look it up.
    """
    values = {"target": target, "limit": limit, "now": now, "until": end_of_lease(now)}
    rows = connection.execute(sql("lease_exports"), values).fetchall()
    return [Leased(bill_id, state, attempts, bytes(content)) for bill_id, state, attempts, content in rows]


def write_settled(connection: Connection[Any], target: str, settled: Iterable[Settled], now: datetime) -> None:
    """Write what became of exports."""
    rows = [{**msgspec.structs.asdict(each), "target": target, "now": now} for each in settled]
    with connection.cursor() as cursor:
        cursor.executemany(sql("settle_export"), rows)


def write_state(connection: Connection[Any], target: str, state: TargetState) -> None:
    """Write how a target fares."""
    connection.execute(sql("write_target_state"), (state.failures, state.paused_until, target))


def finish_bills(connection: Connection[Any], bills: Sequence[UUID] | None, now: datetime) -> None:
    """Mark those of these bills (None: of all approved ones) as exported that all targets in force have."""
    connection.execute(sql("finish_bills"), {"bills": None if bills is None else list(bills), "now": now})
