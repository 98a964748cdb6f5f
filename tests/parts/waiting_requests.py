"""Requests of approval that tests write themselves, with their lines, on a ledger with approval rules."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from postledger.finance.approval.content import hash_contents
from postledger.platform.postgres.connection import LedgerConnection

LONG_AGO = datetime(2026, 10, 1, tzinfo=UTC)


def write_rule(ledger: LedgerConnection, slug: str, steps: Sequence[str], *, version: int = 1, **body: object) -> None:
    """Store a version of the approval rules with one rule, and make it the one in force."""
    facts = {"slug": slug, "on": "line", "steps": list(steps), "over": {"USD": "100"}, **body}
    ledger.execute(
        "INSERT INTO finance (settings, since, rules_version, updated_at, approval_rules_version)"
        " VALUES (%s, %s, 1, %s, %s)"
        " ON CONFLICT (only_row) DO UPDATE SET approval_rules_version = excluded.approval_rules_version",
        (json.dumps({"base_currency": "EUR"}), LONG_AGO, LONG_AGO, version),
    )
    ledger.execute(
        "INSERT INTO approval_rules (version, position, slug, body, since, actor) VALUES (%s, 0, %s, %s, %s, 'ada')",
        (version, slug, json.dumps(facts), LONG_AGO),
    )


def write_line(ledger: LedgerConnection, amount: str, key: str, seq: int, *, payee: str = "456") -> None:
    """Store an expense line of a conversion."""
    ledger.execute(
        "INSERT INTO expense_lines (dedup_key, seq, id, conversion_id, cause, revision, kind, direction, source_id,"
        " event, conversion_status, payee, category, rule_version, rule, amount, currency, origin_period, period,"
        " billable_from, happened_at, created_at) VALUES (%s, %s, gen_random_uuid(), %s, gen_random_uuid(), 1,"
        " 'accrual', 'payable', 1, 'sale', 'approved', %s, 'Commission', 1, 'spring', %s, 'USD', %s, %s, %s, %s, %s)",
        (key, seq, key, payee, Decimal(amount), *[LONG_AGO.date()] * 3, LONG_AGO, LONG_AGO),
    )


def write_request(
    ledger: LedgerConnection,
    amount: str = "150",
    *,
    steps: Sequence[str] = ("manager",),
    payee: str = "456",
    created_by: str | None = None,
    rule: str = "over-100",
    created_at: datetime = LONG_AGO,
    remind_at: datetime | None = None,
    key: str | None = None,
    seq: int = 1,
) -> str:
    """Store a line and the request that waits for people to decide it. Returns the id of the request."""
    key, request_id = key or str(uuid4()), str(uuid4())
    write_line(ledger, amount, key, seq, payee=payee)
    ledger.execute(
        "INSERT INTO approvals (id, subject, subject_id, rule, rule_version, payee, amount, currency, created_by, step,"
        " steps, state, content_sha256, created_at, remind_at)"
        " VALUES (%s, 'line', %s, %s, 1, %s, %s, 'USD', %s, 0, %s, 'waiting', %s, %s, %s)",
        (
            request_id, f"{key}/USD", rule, payee, Decimal(amount), created_by, list(steps), b"", created_at, remind_at,
        ),
    )  # fmt: skip
    ledger.execute("INSERT INTO approval_lines VALUES (%s, %s, %s)", (key, seq, request_id))
    content = hash_contents(ledger, [request_id])[request_id]
    ledger.execute("UPDATE approvals SET content_sha256 = %s WHERE id = %s", (content, request_id))
    return request_id


def write_change(
    ledger: LedgerConnection,
    subject: str,
    slug: str,
    actor: str,
    *,
    at: datetime | None = None,
    keys: Sequence[str] = (),
) -> None:
    """Record a change of a rule, a payee or the books, as `apply` does. Default: just now."""
    ledger.execute(
        "INSERT INTO policy_history (version, subject, slug, action, keys, actor, at)"
        " VALUES ((SELECT count(*) + 100 FROM policy_history), %s, %s, 'change', %s, %s, %s)",
        (subject, slug, list(keys), actor, at or datetime.now(UTC)),
    )


def write_payee(ledger: LedgerConnection, payee: str = "456", *, account: bytes) -> None:
    """Store a payee with a bank account, or change the account just now."""
    known = ledger.execute("SELECT FROM payees WHERE id = %s", (payee,)).fetchone() is not None
    ledger.execute(
        "INSERT INTO payees (id, name, bank_account_hash, created_at, updated_at) VALUES (%s, 'A', %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET bank_account_hash = excluded.bank_account_hash, updated_at = %s",
        (payee, account, LONG_AGO, LONG_AGO, datetime.now(UTC) if known else LONG_AGO),
    )
