"""The table of tasks: puts tasks in, leases them, settles them.

A task that fails is tried again after a pause that grows, and is dead after `MOST_ATTEMPTS`. The number of its attempt
is the proof that a worker still holds it: each lease raises it, so a worker that lost its lease settles nothing.
"""

import os
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.platform.leases import end_of_lease, spread
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt

sql = statements_of("postledger.platform.tasks")

MOST_ATTEMPTS = 10
KEPT_DAYS = 30
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 10.0, 3600.0
_SPREAD = 0.2


class LeasedTask(msgspec.Struct, frozen=True):
    """A task that this worker holds."""

    id: str
    name: str
    args: dict[str, Any]
    attempt: int


def enqueue(
    connection: Connection[Any],
    name: str,
    args: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    unique_key: str | None = None,
) -> str | None:
    """Put a task in and return its id. None if one with the same `unique_key` waits already."""
    task_id = make_receipt(int(now.timestamp() * 1000), os.urandom(ENTROPY_BYTES))
    values = {
        "id": task_id, "name": name, "args": Jsonb(dict(args)), "unique_key": unique_key, "actor": actor, "now": now,
    }  # fmt: skip
    return task_id if connection.execute(sql("insert_task"), values).rowcount else None


def lease(connection: Connection[Any], names: Sequence[str], now: datetime) -> LeasedTask | None:
    """Lease the task with one of these names that has been due for longest, or return None."""
    values = {"names": list(names), "now": now, "leased_until": end_of_lease(now), "attempts": MOST_ATTEMPTS}
    row = connection.execute(sql("lease_task"), values).fetchone()
    return None if row is None else LeasedTask(*row)


def bury_lost(connection: Connection[Any], names: Sequence[str], now: datetime) -> list[str]:
    """Give up the tasks whose last lease has run out, such as one that kills its worker, and return their names."""
    values = {"names": list(names), "now": now, "attempts": MOST_ATTEMPTS}
    return [name for (name,) in connection.execute(sql("bury_lost_tasks"), values).fetchall()]


def renew(connection: Connection[Any], task: LeasedTask, progress: Mapping[str, Any] | None, now: datetime) -> bool:
    """Renew the lease and store the progress. False if this worker does not hold the task any more."""
    values = {
        "id": task.id, "attempt": task.attempt, "leased_until": end_of_lease(now), "progress": _encode(progress),
    }  # fmt: skip
    return connection.execute(sql("renew_task"), values).rowcount > 0


def finish(connection: Connection[Any], task: LeasedTask, progress: Mapping[str, Any] | None, now: datetime) -> None:
    """Settle a task that is done."""
    values = {"id": task.id, "attempt": task.attempt, "progress": _encode(progress), "now": now}
    connection.execute(sql("finish_task"), values)


def postpone(connection: Connection[Any], task: LeasedTask, fault: str, now: datetime) -> bool:
    """Try a task again later, or give it up after `MOST_ATTEMPTS`. Returns whether it is dead."""
    is_dead = task.attempt >= MOST_ATTEMPTS
    pause_s = find_pause_s(task.attempt, random.random())  # noqa: S311 - it separates retries, it protects nothing
    values = {
        "id": task.id, "attempt": task.attempt, "fault": fault, "is_dead": is_dead, "now": now,
        "due_at": now + timedelta(seconds=pause_s),
    }  # fmt: skip
    connection.execute(sql("postpone_task"), values)
    return is_dead


def give_back(connection: Connection[Any], task: LeasedTask, now: datetime) -> None:
    """End a lease without a result, so that the next worker takes the task at once. The attempt does not count."""
    connection.execute(sql("give_back_task"), {"id": task.id, "attempt": task.attempt, "now": now})


def forget_settled(connection: Connection[Any], now: datetime) -> int:
    """Delete the tasks that were settled more than `KEPT_DAYS` ago, and return how many they were."""
    return connection.execute(sql("forget_settled_tasks"), {"before": now - timedelta(days=KEPT_DAYS)}).rowcount


def find_pause_s(attempt: int, roll: float) -> float:
    """Return the pause after a failed attempt, which doubles each time up to an hour, ± 20 %. `roll` is 0 to 1."""
    return spread(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1)), _SPREAD, roll)


def _encode(progress: Mapping[str, Any] | None) -> Jsonb | None:
    return None if progress is None else Jsonb(dict(progress))
