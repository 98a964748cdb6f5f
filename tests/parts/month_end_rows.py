"""Rows of the month's end as imports and runs write them, for tests that need the rows alone."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tests.parts.entries import new_receipt

Ledger = psycopg.Connection[Any]
OCTOBER = date(2026, 10, 1)


def add_statement(
    ledger: Ledger,
    at: datetime,
    *,
    source_id: int | None = None,
    account: str | None = None,
    until: date = date(2026, 10, 31),
    proof: str = "no_balances",
    gap: str | None = None,
    faults: tuple[str, ...] = (),
) -> str:
    """Add the report of a source for a month, or a statement of an account, and return its id."""
    statement_id = new_receipt()
    values = {
        "id": statement_id, "kind": "bank" if account else "network", "source_id": source_id, "account": account,
        "period": None if account else until.replace(day=1), "since": until.replace(day=1), "until": until,
        "proof": proof, "gap": gap, "faults": len(faults), "at": at, "sha256": statement_id.encode(),
    }  # fmt: skip
    ledger.execute(
        """
        INSERT INTO statements (
            id, kind, source_id, account, format, file_name, file_sha256, period, since, until, proof, gap, lines,
            known, faults, imported_at, imported_by
        )
        VALUES (
            %(id)s, %(kind)s, %(source_id)s, %(account)s, 'made', 'made', %(sha256)s, %(period)s, %(since)s, %(until)s,
            %(proof)s, %(gap)s, 1, 0, %(faults)s, %(at)s, 'test'
        )
        """,
        values,
    )
    for line_no, reason in enumerate(faults, 1):
        ledger.execute("INSERT INTO statement_faults VALUES (%s, %s, 'amount', %s)", (statement_id, line_no, reason))
    return statement_id


def add_account(ledger: Ledger, slug: str, at: datetime, expected: str | None = None) -> None:
    """Configure a bank account, whose number is made up."""
    ledger.execute(
        "INSERT INTO bank_accounts (slug, settings, account, account_hash, created_at, updated_at)"
        " VALUES (%s, %s, '', %s, %s, %s)",
        (slug, Jsonb({"currency": "EUR", "expected": expected}), slug.encode(), at, at),
    )


def add_format(ledger: Ledger, source: str, by_day: int, at: datetime) -> None:
    """Configure a report format of a source whose report is expected by a day of the next month."""
    settings = {"slug": source, "source": source, "expected_by_day": by_day}
    ledger.execute(
        "INSERT INTO report_formats (slug, settings, created_at, updated_at) VALUES (%s, %s, %s, %s)",
        (source, Jsonb(settings), at, at),
    )


def add_run(
    ledger: Ledger,
    at: datetime,
    *,
    source_id: int | None = None,
    account: str | None = None,
    period: date = OCTOBER,
    state: str = "done",
    took_s: float = 20,
) -> None:
    """Add a run that began at a time."""
    ledger.execute(
        """
        INSERT INTO reconciliations (
            id, kind, source_id, account, period, as_of, state, started_at, ended_at, started_by
        )
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'test')
        """,
        (
            new_receipt(), "bank" if account else "report", source_id, account, period, at, state, at,
            at + timedelta(seconds=took_s),
        ),
    )  # fmt: skip


def add_item(
    ledger: Ledger,
    at: datetime,
    klass: str = "amount_differs",
    state: str = "open",
    *,
    period: date = OCTOBER,
    facts: dict[str, Any] | None = None,
    source_id: int = 1,
    reopened_at: datetime | None = None,
) -> None:
    """Add a work item of a report that was opened at a time."""
    key = new_receipt().encode()
    ledger.execute(
        """
        INSERT INTO discrepancies (
            key, kind, class, source_id, period, stake, currency, facts, facts_sha256, state, version, first_run,
            last_run, opened_at, changed_at
        )
        VALUES (%s, 'report', %s, %s, %s, 1.5, 'USD', %s, '', %s, %s, %s, %s, %s, %s)
        """,
        (
            key, klass, source_id, period, Jsonb({"ledger": "1.50"} if facts is None else facts), state,
            1 if reopened_at is None else 2, new_receipt(), new_receipt(), at, at,
        ),
    )  # fmt: skip
    if reopened_at is not None:
        ledger.execute("INSERT INTO discrepancy_notes VALUES (%s, 2, %s, 'test', 'reopened')", (key, reopened_at))


def add_line(ledger: Ledger, statement_id: str, line_no: int, amount: Decimal, *, pending: bool = False) -> None:
    """Add a line of a statement."""
    ledger.execute(
        "INSERT INTO statement_lines (statement_id, line_no, amount, currency, pending, fingerprint)"
        " VALUES (%s, %s, %s, 'EUR', %s, '')",
        (statement_id, line_no, amount, pending),
    )
