"""The bar of the reconciliation of reports: a million conversions against a report of a million lines."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from loadtests.bench.ledger import SLUG, Ledger, make_ledger, postgres_pid
from loadtests.bench.month import MonthGround, run_command
from loadtests.bench.processes import children, read_memory
from loadtests.bench.report import MIB, Target
from loadtests.bench.rounds import RoundFailed
from tests.parts.postgres import Postgres

ROWS = 1_000_000
_LOOK_EVERY_S = 0.2
_REPORT = "00000000-0000-0000-0000-000000000001"
_FILE = """
INSERT INTO statements (
    id, kind, source_id, format, file_name, file_sha256, period, since, until, timezone, proof, lines, known, faults,
    imported_at, imported_by
)
VALUES (
    %(report)s, 'network', %(source)s, 'bench', 'october.csv', 'x', '2026-10-01', '2026-10-01', '2026-10-31', 'UTC',
    'no_balances', %(rows)s, 0, 0, '2026-11-03', 'bench'
)
"""
# One of fifty was reversed after the import of the report. One of 200 differs in its amount, one of 250 has another id
# in the report, and one of 300 is not there.
_MADE = """
FROM
    generate_series(1, %(rows)s) AS number,
    LATERAL (SELECT md5(number::text) AS random, (number::bigint * 7919 %% 20000) / 100.0 AS amount,
        timestamptz '2026-10-01' + number * (interval '31 days' / (%(rows)s + 1)) AS at) AS made
"""
_CONVERSIONS = f"""
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, status, payout, currency, event_time, created_at,
    updated_at, revision
)
SELECT
    md5(number::text || 'key')::uuid, md5(number::text || 'id')::uuid, %(source)s, 'sale',
    substr(random, 1, 8) || number, random, CASE WHEN number %% 50 = 0 THEN 'reversed' ELSE 'approved' END,
    amount, 'USD', at, at, at,
    CASE WHEN number %% 50 = 0 THEN 2 ELSE 1 END
{_MADE}
"""
_CHANGES = f"""
INSERT INTO conversion_events (
    dedup_key, id, source_id, kind, reverses, payout_before, currency_before, received_at, status_before, status_after,
    revision
)
SELECT
    md5(number::text || 'key')::uuid, md5(number::text || 'change')::uuid, %(source)s, 'reversal',
    md5(number::text || 'id')::uuid, amount, 'USD', '2026-11-20', 'approved', 'reversed', 2
{_MADE}
WHERE number %% 50 = 0
"""
_LINES = f"""
INSERT INTO statement_lines (
    statement_id, line_no, booked_on, happened_at, amount, currency, transaction_id, event, status, fingerprint
)
SELECT
    %(report)s, number + 1, at::date, at, amount + CASE WHEN number %% 200 = 0 THEN 1 ELSE 0 END, 'USD',
    CASE WHEN number %% 250 = 3 THEN 'X' ELSE '' END || substr(random, 1, 8) || number, 'sale', 'approved',
    decode(random, 'hex')
{_MADE}
WHERE number %% 300 <> 7
"""
_EXPECTED = {"amount_differs": 5000, "missing_at_network": 3334}


def compare_a_report_with_the_ledger(ground: MonthGround) -> list[Target]:
    """Compare a report of a million lines with a million conversions: matches and work items written."""
    with Postgres(settings=("shared_buffers=128MB",)) as postgres:
        ledger = make_ledger(postgres.url(), ground.home / "clicks-compare")
        _fill(ledger)
        took = [_reconcile(ledger) for _ in ("first", "again")]
    return [
        target
        for word, (took_s, command_bytes, server_bytes) in zip(("", ", again"), took, strict=True)
        for target in (
            Target(f"{ROWS:,} conversions against {ROWS:,} lines{word}, s", took_s, 40, at_least=False),
            Target(f"the most memory of Postgres{word}, MiB (PSS)", server_bytes / MIB, 512, at_least=False),
            Target(f"the most memory of the command{word}, MiB (RSS)", command_bytes / MIB, 100, at_least=False),
        )
    ]


def _fill(ledger: Ledger) -> None:
    values = {"rows": ROWS, "source": ledger.source_id, "report": _REPORT}
    with ledger.connect() as connection:
        for statement in (_FILE, _CONVERSIONS, _CHANGES, _LINES):
            connection.execute(statement, values)
        for table in ("conversions", "conversion_events", "statement_lines"):
            connection.execute(f"VACUUM (ANALYZE) {table}")
    ledger.checkpoint()


def _reconcile(ledger: Ledger) -> tuple[float, int, float]:
    with _watch_memory(ledger) as peaks:
        began = time.monotonic()
        ran = run_command(ledger, "reconcile", "--period", "2026-10", "--source", SLUG, "--json")
        took_s = time.monotonic() - began
    found = {row["class"]: row["number"] for row in json.loads(ran.out)[0]["classes"]}
    if {name: found.get(name) for name in _EXPECTED} != _EXPECTED:
        raise RoundFailed(f"the classes are {found}")
    return took_s, ran.peak_bytes, max(peaks)


@contextmanager
def _watch_memory(ledger: Ledger) -> Iterator[list[float]]:
    server, done, peaks = postgres_pid(ledger.url), Event(), [0.0]
    thread = Thread(target=_watch, args=(server, done, peaks))
    thread.start()
    yield peaks
    done.set()
    thread.join()


def _watch(server: int, done: Event, peaks: list[float]) -> None:
    while not done.wait(_LOOK_EVERY_S):
        peaks.append(sum(_read_pss(pid) for pid in (server, *children(server)) if Path(f"/proc/{pid}").exists()))


def _read_pss(pid: int) -> int:
    try:
        return read_memory(pid).pss_bytes
    except (OSError, KeyError, IndexError):  # it has just ended
        return 0
