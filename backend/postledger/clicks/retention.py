"""Deletes clicks that never converted, after their retention period.

Each portion is a transaction of its own, so that no lock is held for long and an interrupted run loses nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.clicks")

PORTION_ROWS = 10_000


def delete_expired_clicks(connection: Connection[Any], now: datetime, retention_days: int) -> int:
    """Delete the clicks older than `retention_days` days without a conversion, and return how many they were."""
    deleted = 0
    # `withhold` keeps the list of ids on the server beyond each commit, so that the table is searched once.
    with connection.cursor(name="expired_clicks", withhold=True) as expired:
        expired.execute(sql("find_expired"), (now - timedelta(days=retention_days),))
        while portion := expired.fetchmany(PORTION_ROWS):
            ids = [click_id for (click_id,) in portion]
            deleted += connection.execute(sql("delete_expired"), (ids,)).rowcount
    return deleted
