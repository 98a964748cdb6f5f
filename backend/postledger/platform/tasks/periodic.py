"""Periodic tasks: a table says when each is due next, and whichever worker sees that puts the task in, once.

After a pause of all workers a task runs once, not once for each period that was missed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.platform.tasks.queue import enqueue

sql = statements_of("postledger.platform.tasks")

ACTOR = "schedule"


def enqueue_due(connection: Connection[Any], periods: Mapping[str, timedelta], now: datetime) -> list[str]:
    """Put in the periodic tasks that are due, and return their names. One that was never due is due now."""
    with connection.transaction():
        connection.execute(sql("add_periodic_tasks"), {"names": list(periods), "now": now})
        due = connection.execute(sql("lock_due_periodic_tasks"), {"names": list(periods), "now": now}).fetchall()
        for name, due_at in due:
            enqueue(connection, name, {}, actor=ACTOR, now=now, unique_key=f"{ACTOR}:{name}")
            values = {"name": name, "due_at": find_next_due(due_at, periods[name], now)}
            connection.execute(sql("set_next_due"), values)
    return [name for name, _ in due]


def find_next_due(due_at: datetime, period: timedelta, now: datetime) -> datetime:
    """Return the first time after `now` that is a whole number of periods after `due_at`."""
    return due_at + ((now - due_at) // period + 1) * period
