"""Keeps what networks owe us: for each payee, month and currency the sum of the receivable lines, rounded once."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP
from typing import Any

from psycopg import Connection

from postledger.finance.rules.bill_amounts import find_minor_unit
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.matching.bill_numbers import RECEIVABLE

sql = statements_of("postledger.reconciliation")


def write_receivables(connection: Connection[Any], period: date, now: datetime) -> None:
    """Write the receivables of all months up to one. The caller holds the lock of the matches."""
    with connection.cursor() as cursor:
        cursor.executemany(sql("upsert_receivable"), list(_list_changes(connection, period, now)))


def _list_changes(connection: Connection[Any], period: date, now: datetime) -> Iterator[dict[str, object]]:
    last = {month: int(number) for month, number in connection.execute(sql("count_receivables"))}
    for payee, month, currency, exact, known in connection.execute(sql("sum_receivable_lines"), (period,)).fetchall():
        amount = exact.quantize(find_minor_unit(currency), ROUND_HALF_UP)
        if amount == known or (known is None and amount <= 0):
            continue
        if known is None:
            last[month] = last.get(month, 0) + 1
        number = f"{RECEIVABLE}-{month:%Y%m}-{last[month]:06d}"
        yield {"number": number, "payee": payee, "period": month, "currency": currency, "amount": amount, "now": now}
