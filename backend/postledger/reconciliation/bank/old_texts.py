"""Empties the texts of old bank lines. The money stays."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.finance.rules.finance_settings import Finance
from postledger.platform.postgres.sql import statements_of
from postledger.policy.finance_store import read_finance

sql = statements_of("postledger.reconciliation")


def delete_old_texts(connection: Connection[Any], now: datetime) -> int:
    """Empty the texts of the bank lines that are older than `[finance].bank_text_days`, and return their number."""
    stored = read_finance(connection)
    days = Finance("").bank_text_days if stored is None else stored.settings.bank_text_days
    row = connection.execute(sql("delete_old_texts"), {"day": now.date() - timedelta(days=days)}).fetchone()
    assert row is not None, "a count is always one row"
    return int(row[0])
