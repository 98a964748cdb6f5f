"""Reminds of requests that wait for too long, again and again. Time never approves anything."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.finance.approval.request_store import OnRequests
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")


def remind(connection: Connection[Any], now: datetime, on_requests: OnRequests) -> int:
    """Note a reminder of each request that is due, and when the next one is. Returns how many there were."""
    with connection.transaction():
        due = [row[0] for row in connection.execute(sql("move_reminders"), {"now": now})]
        on_requests(connection, due, now)
    return len(due)
