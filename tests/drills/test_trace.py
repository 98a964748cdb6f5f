"""`trace` answers within 100 ms on a ledger with a million expense lines."""

import time

import psycopg

from postledger.audit.trace import trace
from postledger.platform.postgres.connection import connect
from tests.drills.promises import Promises

MILLION = 1_000_000
_FILL = (
    "INSERT INTO sources (slug, name, settings, created_at, updated_at) VALUES ('acme', 'Acme', '{}', now(), now())",
    """
    INSERT INTO conversions
        (id, source_id, dedup_key, event, transaction_id, click_id, status, payout, currency, created_at, updated_at)
    SELECT gen_random_uuid(), 1, md5(n::text)::uuid, 'sale', 'T' || n, 'C' || n, 'approved', 1, 'USD', now(), now()
    FROM generate_series(1, %(million)s) AS n
    """,
    """
    INSERT INTO expense_lines (
        dedup_key, seq, id, conversion_id, cause, revision, kind, direction, source_id, event, conversion_status,
        amount, currency, origin_period, period, happened_at, created_at
    )
    SELECT
        dedup_key, 1, gen_random_uuid(), id, id, 1, 'accrual', 'payable', 1, 'sale', 'approved', 1, 'USD', current_date,
        current_date, now(), now()
    FROM conversions
    """,
    """
    INSERT INTO deliveries
        (dedup_key, forward, receipt, revision, is_backfill, state, attempts, due_at, created_at, settled_at)
    SELECT dedup_key, 'voluum', id, 1, false, 'delivered', 1, now(), now(), now() FROM conversions
    """,
    """
    INSERT INTO delivery_attempts (dedup_key, forward, receipt, attempt, at, took_ms, http_status)
    SELECT dedup_key, 'voluum', id, 1, now(), 12, 200 FROM conversions
    """,
    "ANALYZE",
)


def test_a_trace_is_quick_on_a_million_lines(database: str, promises: Promises) -> None:
    with psycopg.connect(database) as connection:
        for statement in _FILL:
            connection.execute(statement.encode(), {"million": MILLION} if "million" in statement else None)

    with connect(database, name="drill", statement_timeout_ms=60_000) as connection:
        for number in range(1, MILLION, MILLION // 20):
            before = time.monotonic()
            (conversion,) = trace(connection, f"T{number}").conversions
            promises.keep("a trace with a million lines", time.monotonic() - before, 0.1)

            assert (len(conversion["lines"]), len(conversion["forwards"][0]["attempts"])) == (1, 1)
