"""What an operator does with exports: run them now, list them, have them sent again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound, NotPossible

sql = statements_of("postledger.finance")

STATES = ("waiting", "sent_unknown", "exported", "refused")


class Retried(msgspec.Struct, frozen=True):
    """How many exports are due now: refused ones, and ones that waited for their next attempt."""

    refused: int
    waiting: int


def list_exports(
    connection: Connection[Any], *, bill: str | None = None, target: str | None = None, states: Sequence[str] = (),
    limit: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """List exports, the newest first. Raises `NotFound` for a target that does not exist."""
    check_target(connection, target)
    values = {"bill": bill, "target": target, "states": list(states) or None, "limit": limit}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_exports"), values).fetchall()


def retry(connection: Connection[Any], bill: str | None, target: str | None, now: datetime) -> Retried:
    """Make due now what was refused and what waits. Raises `NotFound`, or `NotPossible` if there is nothing of it.

    What may have arrived is looked up first, as always.
    """
    check_target(connection, target)
    with connection.transaction():
        found = _make_due(connection, {"bill": bill, "target": target, "now": now, "refused": True})
    if not found and bill is not None:
        raise NotPossible(
            f"bill {bill} has no export that could be sent again; run: postledger export list --bill {bill}"
        )
    refused = found.pop("refused", 0)
    return Retried(refused, sum(found.values()))


def hurry(connection: Connection[Any], now: datetime) -> int:
    """Make due now what waits for its next attempt at a target. Return how many."""
    with connection.transaction():
        return sum(_make_due(connection, {"bill": None, "target": None, "now": now, "refused": False}).values())


def check_target(connection: Connection[Any], target: str | None) -> None:
    """Raise `NotFound` if no target in force has this slug."""
    if target is not None and connection.execute(sql("export_target_exists"), (target,)).fetchone() is None:
        raise NotFound(f"export {target} does not exist; run: postledger export list, or apply a file with [[exports]]")


def _make_due(connection: Connection[Any], values: Mapping[str, object]) -> dict[str, int]:
    found = dict(connection.execute(sql("retry_exports"), values).fetchall())
    connection.execute(sql("resume_targets"), values)
    return found
