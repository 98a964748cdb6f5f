"""Work items that tests write themselves, as a run of `reconcile` does."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from postledger.platform.postgres.connection import LedgerConnection

OCTOBER = date(2026, 10, 1)
FOUND_AT = datetime(2026, 11, 2, 6, tzinfo=UTC)
FACTS = {"ledger": {"amount": "20.00", "status": "approved"}, "network": {"amount": "15.00", "status": "approved"}}


def write_item(
    ledger: LedgerConnection,
    stake: str = "5.00",
    *,
    item_class: str = "amount_differs",
    currency: str = "USD",
    source_id: int | None = 1,
    account: str | None = None,
    period: date = OCTOBER,
    state: str = "open",
    owner: str | None = None,
    facts: Mapping[str, object] = FACTS,
    dedup_key: str | None = None,
    statement_id: str | None = None,
    line_no: int | None = None,
    bill_id: str | None = None,
) -> int:
    """Store a work item, and return its id."""
    key, body, run = hashlib.sha256(uuid4().bytes).digest(), json.dumps(facts), str(uuid4())
    row = ledger.execute(
        "INSERT INTO discrepancies (key, kind, class, source_id, account, period, dedup_key, statement_id, line_no,"
        " bill_id, stake, currency, facts, facts_sha256, state, owner, version, first_run, last_run, opened_at,"
        " changed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s)"
        " RETURNING id",
        (
            key, "bank" if account else "report", item_class, None if account else source_id, account, period,
            dedup_key, statement_id, line_no, bill_id, Decimal(stake), currency, body,
            hashlib.sha256(body.encode()).digest(), state, owner, run, run, FOUND_AT, FOUND_AT,
        ),
    ).fetchone()  # fmt: skip
    ledger.execute(
        "INSERT INTO discrepancy_notes (key, nth, at, actor, action) VALUES (%s, 1, %s, 'postledger', 'opened')",
        (key, FOUND_AT),
    )
    assert row is not None
    return int(row[0])


def write_report(ledger: LedgerConnection, source_id: int = 1, *, imported_by: str = "ole") -> str:
    """Store a network's report without lines, and return its id."""
    statement_id = str(uuid4())
    ledger.execute(
        "INSERT INTO statements (id, kind, source_id, format, file_name, file_sha256, period, since, until, timezone,"
        " proof, lines, known, faults, imported_at, imported_by)"
        " VALUES (%s, 'network', %s, 'acme-csv', 'october.csv', %s, %s, %s, '2026-10-31', 'UTC', 'no_balances',"
        " 0, 0, 0, %s, %s)",
        (statement_id, source_id, uuid4().bytes, OCTOBER, OCTOBER, FOUND_AT, imported_by),
    )
    return statement_id


def write_report_line(
    ledger: LedgerConnection,
    statement_id: str,
    line_no: int = 2,
    *,
    amount: str = "15.00",
    transaction_id: str | None = "T-1",
    **columns: object,
) -> None:
    """Store a line of a report."""
    values: dict[str, object] = {
        "statement_id": statement_id, "line_no": line_no, "booked_on": date(2026, 10, 15), "amount": Decimal(amount),
        "currency": "USD", "transaction_id": transaction_id, "status": "approved", "status_word": "Sale",
        "fingerprint": uuid4().bytes, **columns,
    }  # fmt: skip
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    ledger.execute(f"INSERT INTO statement_lines ({names}) VALUES ({places})".encode(), values)
