"""`audit verify` reads at least 50,000 entries a second, so that a chain of years is verified in minutes."""

import time
from datetime import UTC, datetime

from postledger.people.audit_chain import Entry, append_all, write_body
from postledger.people.verify_chain import check_chain
from postledger.platform.postgres.connection import connect
from tests.drills.promises import Promises

ENTRIES = 100_000
LEAST_PER_S = 50_000


def test_a_hundred_thousand_entries_are_verified_in_two_seconds(database: str, promises: Promises) -> None:
    entry = Entry("postledger", "lines.map", "expense_lines", write_body(lines=1000, sha256="a" * 64))
    now = datetime(2026, 11, 30, tzinfo=UTC)
    with connect(database, name="test", statement_timeout_ms=600_000) as ledger:
        with ledger.transaction():
            append_all(ledger, [entry] * ENTRIES, now)
        before = time.monotonic()
        verified = check_chain(ledger, now, lambda *_: None)
        took_s = time.monotonic() - before

    assert (verified.head.seq, verified.fault) == (ENTRIES + 1, None)
    promises.keep("verify 100,000 audit entries", took_s, ENTRIES / LEAST_PER_S)
