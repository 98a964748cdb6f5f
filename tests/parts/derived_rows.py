"""Rows as a worker writes them, for tests that need the rows and no worker: lines, deliveries, publications …"""

from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg

from tests.parts.entries import new_receipt

Ledger = psycopg.Connection[Any]

_LINE: LiteralString = """
INSERT INTO expense_lines (
    dedup_key, seq, id, conversion_id, cause, revision, kind, adjusts, direction, source_id, event, conversion_status,
    category, rule, unmapped, amount, currency, origin_period, period, happened_at, created_at
)
VALUES (
    %(dedup_key)s, %(seq)s, %(id)s, %(conversion_id)s, %(cause)s, 1, %(kind)s, %(adjusts)s, 'payable', 1, 'sale',
    'approved', %(category)s, %(rule)s, %(unmapped)s, %(amount)s, 'USD', %(period)s, %(period)s, %(at)s, %(at)s
)
"""


def add_line(
    ledger: Ledger,
    dedup_key: str,
    seq: int,
    kind: str,
    amount: str,
    *,
    unmapped: str | None = None,
    conversion_id: str | None = None,
) -> None:
    """Add a line of a conversion; an unmapped one has no rule and no category."""
    at = datetime.now(UTC)
    values = {
        "dedup_key": dedup_key,
        "seq": seq,
        "id": new_receipt(),
        "conversion_id": conversion_id or new_receipt(),
        "cause": new_receipt(),
        "kind": kind,
        "adjusts": None if kind == "accrual" else 1,
        "category": None if unmapped else "Affiliate Commission — Spring sale",
        "rule": None if unmapped else "spring",
        "unmapped": unmapped,
        "amount": amount,
        "period": at.date().replace(day=1),
        "at": at,
    }
    ledger.execute(_LINE, values)


def add_forward(ledger: Ledger, slug: str, circuit: str = "closed") -> None:
    """Add a forward, without settings."""
    ledger.execute(
        "INSERT INTO forwards (slug, settings, circuit, created_at, updated_at) VALUES (%s, '{}', %s, now(), now())",
        (slug, circuit),
    )


def add_delivery(
    ledger: Ledger, forward: str, state: str = "waiting", *, dedup_key: str = "", receipt: str = "", at: datetime
) -> None:
    """Add a delivery that was made, and is due, at a time."""
    ledger.execute(
        "INSERT INTO deliveries"
        " (dedup_key, forward, receipt, revision, is_backfill, state, attempts, due_at, created_at)"
        " VALUES (%s, %s, %s, 1, false, %s, 0, %s, %s)",
        (dedup_key or new_receipt(), forward, receipt or new_receipt(), state, at, at),
    )


def add_attempt(
    ledger: Ledger,
    delivery: tuple[str, str, str],
    attempt: int,
    *,
    status: int | None = None,
    fault: str | None = None,
) -> None:
    """Add an attempt of a delivery, which is named by its key: dedup key, forward, receipt."""
    ledger.execute(
        "INSERT INTO delivery_attempts (dedup_key, forward, receipt, attempt, at, took_ms, http_status, fault)"
        " VALUES (%s, %s, %s, %s, %s, 112, %s, %s)",
        (*delivery, attempt, datetime.now(UTC), status, fault),
    )


def add_publication(
    ledger: Ledger,
    *,
    dedup_key: str = "",
    receipt: str = "",
    at: datetime,
    published_at: datetime | None = None,
    refusals: int = 0,
    due_at: datetime | None = None,
) -> None:
    """Add the publication of a change that was received at a time."""
    ledger.execute(
        "INSERT INTO publications"
        " (dedup_key, receipt, revision, kind, received_at, published_at, refusals, due_at)"
        " VALUES (%s, %s, 1, 'opened', %s, %s, %s, %s)",
        (dedup_key or new_receipt(), receipt or new_receipt(), at, published_at, refusals, due_at),
    )


def add_task(ledger: Ledger, name: str, state: str) -> None:
    """Add a task that is due."""
    ledger.execute(
        "INSERT INTO tasks (id, name, args, state, attempts, due_at, created_by, created_at)"
        " VALUES (%s, %s, '{}', %s, 0, now(), 'test', now())",
        (new_receipt(), name, state),
    )
