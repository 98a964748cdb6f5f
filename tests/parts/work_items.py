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
