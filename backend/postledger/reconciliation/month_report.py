"""Builds the report of a month: what is due, what was paid, what differs, and who must act."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.connection import read_clock
from postledger.policy.finance_store import read_finance
from postledger.reconciliation.month_tables.accounts import read_accounts
from postledger.reconciliation.month_tables.reading import MonthReader, Row, as_structs
from postledger.reconciliation.month_tables.sources import read_sources
from postledger.reconciliation.rules.month import (
    MOST_ROWS,
    Claim,
    ClaimTotal,
    ItemTotal,
    MonthReport,
    Run,
    WorkItem,
)
from postledger.reconciliation.rules.work_item import name_days


def build_month_report(connection: Connection[Any], period: date) -> MonthReport:
    """Build the report of a month as the tables are now. `period` is the month's first day."""
    month, now = MonthReader(connection, period), read_clock(connection)
    finance = read_finance(connection)
    zone = "UTC" if finance is None else finance.settings.timezone
    runs = as_structs(Run, month.rows("month_runs", limit=MOST_ROWS))
    state, changed_at, changed_by = _read_state(month)
    return MonthReport(
        period=period,
        timezone=zone,
        base_currency=None if finance is None else finance.settings.base_currency,
        made_at=now,
        state=state,
        changed_at=changed_at,
        changed_by=changed_by,
        sources=read_sources(month, runs),
        accounts=read_accounts(month, runs),
        bill_totals=as_structs(ClaimTotal, month.rows("month_bill_totals")),
        bills=as_structs(Claim, month.rows("month_bills", limit=MOST_ROWS)),
        receivable_totals=as_structs(ClaimTotal, month.rows("month_receivable_totals")),
        receivables=as_structs(Claim, month.rows("month_receivables", limit=MOST_ROWS)),
        item_totals=as_structs(ItemTotal, month.rows("month_item_totals")),
        items=as_structs(WorkItem, _read_items(month, now)),
        runs=runs,
    )


def _read_state(month: MonthReader) -> tuple[str, datetime | None, str | None]:
    rows = month.rows("month_state")
    return (rows[0]["state"], rows[0]["changed_at"], rows[0]["changed_by"]) if rows else ("open", None, None)


def _read_items(month: MonthReader, now: datetime) -> Iterator[Row]:
    for row in month.rows("month_items", limit=MOST_ROWS):
        subject = row["subject"] or name_days(row["class"], row["facts"], row["statement_id"]) or ""
        yield row | {"subject": subject, "age_days": (now - row["opened_at"]).days}
