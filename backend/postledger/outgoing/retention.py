"""Deletes what was sent long ago: settled deliveries with their attempts, and publications that the broker confirmed.

What still waits is never deleted. Each portion is a transaction of its own, so that no lock is held for long and an
interrupted run loses nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.outgoing")

PORTION_ROWS = 10_000


def delete_old_deliveries(connection: Connection[Any], now: datetime, retention_days: int) -> int:
    """Delete what was delivered, failed or was discarded over `retention_days` days ago, and return how many."""
    before, deleted = now - timedelta(days=retention_days), 0
    # `withhold` keeps the list of keys on the server beyond each commit, so that the table is searched once.
    with connection.cursor(name="old_deliveries", withhold=True) as old:
        old.execute(sql("find_settled_deliveries"), (before,))
        while portion := old.fetchmany(PORTION_ROWS):
            dedup_keys, forwards, receipts = map(list, zip(*portion, strict=True))
            values = {"dedup_keys": dedup_keys, "forwards": forwards, "receipts": receipts, "before": before}
            ((count,),) = connection.execute(sql("delete_settled_deliveries"), values).fetchall()
            deleted += count
    return deleted


def delete_old_publications(connection: Connection[Any], now: datetime, retention_days: int) -> int:
    """Delete what was published over `retention_days` days ago, and return how many."""
    deleted = 0
    with connection.cursor(name="old_publications", withhold=True) as old:
        old.execute(sql("find_old_publications"), (now - timedelta(days=retention_days),))
        while portion := old.fetchmany(PORTION_ROWS):
            dedup_keys, receipts = map(list, zip(*portion, strict=True))
            values = {"dedup_keys": dedup_keys, "receipts": receipts}
            deleted += connection.execute(sql("delete_publications"), values).rowcount
    return deleted
