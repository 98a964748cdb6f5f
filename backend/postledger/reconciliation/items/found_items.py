"""Keeps work items: what a run has found is compared with the items of its scope and month, in one transaction.

A pass adds what it finds to the temporary table `found_items`, under a key that is the same in every run.
"""

import hashlib
from datetime import date, datetime
from typing import Any, LiteralString

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.advisory_locks import MONTHS, share_lock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.plans import look_up_by_keys
from postledger.reconciliation.runs import Kind, Run, Scope

sql = statements_of("postledger.reconciliation")

_STEPS: tuple[LiteralString, ...] = (
    "lock_items", "find_late_items", "rename_late_items", "copy_late_notes", "take_over_late_items", "end_late_items",
    "compare_items", "index_compared_items", "analyze_compared_items", "insert_items", "update_items", "end_items",
    "note_items",
)  # fmt: skip
_SEPARATOR = "\x1f"  # no text of a report or a bank has it


def item_key(kind: Kind, scope: Scope, period: date, subject: str) -> bytes:
    """Return the key of a work item. `subject` names what differs, whatever the class is and whichever file says it."""
    return hashlib.sha256(key_prefix(kind, scope, period) + subject.encode()).digest()


def key_prefix(kind: Kind, scope: Scope, period: date) -> bytes:
    """Return what is hashed before the subject. A pass in SQL has `sha256(prefix || convert_to(subject, 'UTF8'))`."""
    return "".join(f"{part}{_SEPARATOR}" for part in (kind, scope, period)).encode()


def create_found_items(connection: Connection[Any]) -> None:
    """Create the temporary table `found_items`, empty. `sql/create_found_items.sql` has its columns."""
    connection.execute(sql("drop_found_items"))
    connection.execute(sql("create_found_items"))


def settle_items(connection: Connection[Any], run: Run, now: datetime) -> list[dict[str, Any]]:
    """Turn `found_items` into the work items of the run's scope and month, all or none.

    In a month that was unlocked, items of the class `after_lock` become those of their usual class.
    Returns class, currency, number, stake, and how many are new or were reopened.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        share_lock(connection, MONTHS)
        locked = connection.execute(sql("is_locked"), (run.period,)).fetchone() == (True,)
        values = msgspec.structs.asdict(run) | {"now": now, "locked": locked}
        look_up_by_keys(connection)
        for name in _STEPS:
            connection.execute(sql(name), values)
        return cursor.execute(sql("count_items")).fetchall()
