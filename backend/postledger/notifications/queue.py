"""The notifications that wait: who gets them, leases, and what became of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from psycopg import Connection

from postledger.notifications.facts import Kind
from postledger.platform.leases import end_of_lease
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.notifications")

Channel = Literal["mail", "webhook"]

MOST_ADDRESSED = 1_000
MOST_AT_ONCE = 10_000
MOST_POSTS = 20
_PACE_MAILS, _PACE = 10, timedelta(minutes=1)


class Notification(msgspec.Struct, frozen=True):
    """One notification that was leased. `user_id`: who gets the mail; None for the webhook."""

    id: str
    kind: Kind
    subject_id: str
    channel: Channel
    user_id: int | None
    attempts: int
    created_at: datetime


def lock_unaddressed(connection: Connection[Any]) -> list[Notification]:
    """Read mails of which it is not known yet who gets them, and lock them until the end of the transaction."""
    rows = connection.execute(sql("lock_unaddressed"), {"limit": MOST_ADDRESSED}).fetchall()
    return [Notification(*row) for row in rows]


def address(connection: Connection[Any], users: Mapping[str, Sequence[int]], now: datetime) -> None:
    """Replace notifications by one for each user who gets it."""
    pairs = [(each, user_id) for each, user_ids in users.items() for user_id in user_ids]
    values = {"ids": [pair[0] for pair in pairs], "user_ids": [pair[1] for pair in pairs], "now": now}
    connection.execute(sql("address_mails"), values)
    connection.execute(sql("delete_addressed"), (list(users),))


def lease_mails(connection: Connection[Any], now: datetime) -> list[Notification]:
    """Lease all that is due for one user. A user who got 10 mails within a minute waits, so that more come together."""
    values = {
        "now": now, "until": end_of_lease(now), "since": now - _PACE, "most": _PACE_MAILS, "limit": MOST_AT_ONCE,
    }  # fmt: skip
    return _lease(connection, "lease_mails", values)


def lease_posts(connection: Connection[Any], now: datetime) -> list[Notification]:
    """Lease what is due for the webhook."""
    return _lease(connection, "lease_posts", {"now": now, "until": end_of_lease(now), "limit": MOST_POSTS})


def _lease(connection: Connection[Any], statement: str, values: Mapping[str, object]) -> list[Notification]:
    rows = connection.execute(sql(statement), values).fetchall()
    return sorted((Notification(*row) for row in rows), key=lambda each: (each.created_at, each.id))


def settle(
    connection: Connection[Any],
    ids: Sequence[str],
    state: Literal["sent", "obsolete", "dropped"],
    now: datetime,
    fault: str | None = None,
) -> None:
    """Record that notifications were sent, became obsolete, or were given up."""
    values = {"ids": list(ids), "state": state, "fault": fault, "now": now}
    connection.execute(sql("settle_notifications"), values)


def postpone(connection: Connection[Any], due_at: Mapping[str, datetime], fault: str) -> None:
    """Record that notifications could not be sent, and when each is tried again."""
    values = {"ids": list(due_at), "due_at": list(due_at.values()), "fault": fault}
    connection.execute(sql("postpone_notifications"), values)


def release(connection: Connection[Any], ids: Sequence[str]) -> None:
    """Give back what was leased and not tried."""
    if ids:
        connection.execute(sql("release_notifications"), (list(ids),))


def delete_old_notifications(connection: Connection[Any], now: datetime, retention_days: int) -> int:
    """Delete what was settled over `retention_days` days ago, and return how many."""
    return connection.execute(sql("delete_old_notifications"), (now - timedelta(days=retention_days),)).rowcount
