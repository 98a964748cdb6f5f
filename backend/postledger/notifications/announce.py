"""Notes what people are to be told, in the transaction that causes it. The worker tells them later.

What is told is looked up when it is sent, so a note holds no more than the kind and the id of its subject.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from postledger.notifications.facts import Kind
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.notifications")


def announce_requests(connection: Connection[Any], approvals: Iterable[UUID | str], now: datetime) -> None:
    """Note that requests wait: new ones, and those of which the next step waits."""
    _announce(connection, "request", map(str, approvals), now)


def announce_reminders(connection: Connection[Any], approvals: Iterable[UUID | str], now: datetime) -> None:
    """Note that requests still wait."""
    _announce(connection, "reminder", map(str, approvals), now)


def announce_switch_off(connection: Connection[Any], forward: str, now: datetime) -> None:
    """Note that a forward was switched off."""
    _announce(connection, "forward_off", [forward], now)


def announce_refusal(connection: Connection[Any], bill: UUID | str, target: str, now: datetime) -> None:
    """Note that the target of an export refused a bill."""
    _announce(connection, "export_refused", [f"{bill}/{target}"], now)


def _announce(connection: Connection[Any], kind: Kind, subject_ids: Iterable[str], now: datetime) -> None:
    if listed := list(subject_ids):
        connection.execute(sql("announce"), {"kind": kind, "subject_ids": listed, "now": now})
