"""One command approves 10,000 requests within five seconds, on a ledger with many more."""

import json
import os
import time
from pathlib import Path

from postledger.finance.approval.content import hash_contents
from postledger.platform.postgres.connection import connect
from tests.drills.promises import Promises
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.waiting_requests import LONG_AGO, write_rule

REQUESTS, AT_ONCE, WITHIN_S = 50_000, 10_000, 5
LINES = """
    INSERT INTO expense_lines (
        dedup_key, seq, id, conversion_id, cause, revision, kind, direction, source_id, event, conversion_status, payee,
        category, rule_version, rule, amount, currency, origin_period, period, billable_from, happened_at, created_at
    )
    SELECT
        key, 1, key, key, key, 1, 'accrual', 'payable', 1, 'sale', 'approved', '456', 'Commission', 1, 'spring', 150,
        'USD', '2026-10-01', '2026-10-01', '2026-10-01', now(), now()
    FROM (SELECT gen_random_uuid() AS key FROM generate_series(1, %s)) AS made
"""
ASKED = """
    INSERT INTO approvals (
        id, subject, subject_id, rule, rule_version, payee, amount, currency, step, steps, state, content_sha256,
        created_at
    )
    SELECT
        gen_random_uuid(), 'line', dedup_key || '/USD', 'over-100', 1, '456', 150, 'USD', 0, '{manager}', 'waiting', '',
        %s
    FROM expense_lines
"""
HELD = "INSERT INTO approval_lines SELECT split_part(subject_id, '/', 1)::uuid, 1, id FROM approvals"


def write_requests(database: str) -> list[str]:
    """Store the requests, and return the ids of those that are decided."""
    with connect(database, name="test", statement_timeout_ms=600_000) as ledger:
        write_rule(ledger, "over-100", ["manager"])
        ledger.execute(LINES, (REQUESTS,))
        ledger.execute(ASKED, (LONG_AGO,))
        ledger.execute(HELD)
        ids = [row[0] for row in ledger.execute("SELECT id::text FROM approvals")]
        hashes = hash_contents(ledger, ids)
        ledger.execute(
            "UPDATE approvals SET content_sha256 = hashed.hash"
            " FROM unnest(%s::uuid [], %s::bytea []) AS hashed (id, hash) WHERE approvals.id = hashed.id",
            (list(hashes), list(hashes.values())),
        )
        ledger.execute("ANALYZE")
    return ids[:AT_ONCE]


def test_ten_thousand_requests_are_approved_in_five_seconds(
    database: str, environment: dict[str, str], tmp_path: Path, promises: Promises
) -> None:
    cli = CommandLine(environment | {"HOME": os.environ["HOME"]}, tmp_path)
    assert cli.process("user", "add", "mia", "--role", "manager").code == 0
    ids = write_requests(database)

    before = time.monotonic()
    ran = cli.process("approvals", "approve", "-", "--as", "mia", "--json", stdin="\n".join(ids))
    took_s = time.monotonic() - before

    assert {each["state"] for each in json.loads(ran.out)} == {"approved"}
    assert fetch(database, "SELECT count(*) FROM approval_decisions") == [(AT_ONCE,)]
    assert fetch(database, "SELECT count(*) FROM audit_log WHERE action = 'approval.approve'") == [(AT_ONCE,)]
    promises.keep("approve 10,000 requests", took_s, WITHIN_S)
