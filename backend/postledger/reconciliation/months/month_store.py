"""Reads and writes the state of months. A month without a row is open."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from postledger.finance.books import Books
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.months import Month, MonthState

sql = statements_of("postledger.reconciliation")


def read_month(connection: Connection[Any], period: date) -> Month:
    """Read the state of a month."""
    row = connection.execute(sql("read_month"), (period,)).fetchone()
    return Month(period) if row is None else Month(*row)


def list_months(connection: Connection[Any], books: Books, now: datetime) -> Sequence[Month]:
    """List the months of the books until now, newest first."""
    values = {
        "since": books.since.astimezone(books.zone).date().replace(day=1),
        "today": now.astimezone(books.zone).date(),
    }
    return [Month(*row) for row in connection.execute(sql("list_months"), values)]


def write_month(connection: Connection[Any], period: date, state: MonthState, actor: str, now: datetime) -> int:
    """Write the state of a month, and return its new version. A wish to unlock ends."""
    values = {"period": period, "state": state, "actor": actor, "now": now}
    row = connection.execute(sql("write_month"), values).fetchone()
    assert row is not None, "the statement returns a row"
    return int(row[0])


def ask_unlock(connection: Connection[Any], period: date, actor: str, reason: str, now: datetime) -> None:
    """Write who wants a locked month unlocked, and why."""
    connection.execute(sql("ask_unlock"), {"period": period, "actor": actor, "reason": reason, "now": now})
