"""The month's end of a load test: a network with a million conversions, its report, and the commands of that day."""

import math
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from gevent import subprocess

from loadtests.history import Run, percentile
from loadtests.stack import SHORT_CLICKS, NoStack, Stack, clean_environment

LINES, SHORT_LINES = 1_000_000, 2_000
QUIET, IMPORTED, RECONCILED, LISTED, REPLAYED, OVER = (
    "nothing else is done", "a report is imported", "the month is reconciled", "conversions are exported",
    "postbacks are judged again", "the month's end is over",
)  # fmt: skip
_AT_ONCE = 20_000
_SOURCE = """
[[sources]]
slug = "load-month"
name = "Load test, a network at the end of a month"
secrets = ["load-test-secret-of-month"]
currency = "EUR"

[[report_formats]]
slug = "load-month"
source = "load-month"
kind = "csv"
columns = { transaction_id = "Order", amount = "Commission", time = "Date" }
currency = "EUR"
"""
_CONVERSIONS = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, status, payout, currency, event_time, created_at,
    updated_at, revision
)
SELECT
    md5(number::text)::uuid, md5('id' || number)::uuid, sources.id, 'sale', 'T' || number, 'month', 'approved', 2.50,
    'EUR', made.at, made.at, made.at, 1
FROM sources
CROSS JOIN generate_series(%s::integer, %s::integer) AS number
CROSS JOIN LATERAL (SELECT timestamptz '2026-10-01Z' + number * interval '2 seconds' AS at) AS made
WHERE sources.slug = 'load-month'
"""


def prepare_month(stack: Stack) -> None:
    """Book the conversions of October, and write the report of the network: one line in 1,000 says another amount."""
    document = stack.var / "month.toml"
    document.write_text(_SOURCE)
    _run(stack, "apply", str(document))
    lines = _count_lines(stack)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        for first in range(1, lines + 1, _AT_ONCE):
            connection.execute(_CONVERSIONS, (first, min(first + _AT_ONCE - 1, lines)))
        connection.execute("VACUUM (ANALYZE) conversions")  # else Postgres does so by itself while all should be quiet
        _make_checkpoint(connection)
    with _report(stack).open("w") as report:
        report.write("Order,Commission,Date\n")
        report.writelines(
            f"T{number},{'2.40' if number % 1000 == 0 else '2.50'},2026-10-{1 + number * 2 // 86400:02d}\n"
            for number in range(1, lines + 1)
        )


def _make_checkpoint(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Have Postgres keep the files of its log for reuse, as it does many times in the month that is booked here.

    CHECKPOINT itself needs rights that the ledger's role does not have; dropping a database includes one.
    """
    connection.execute("CREATE DATABASE load_checkpoint")
    connection.execute("DROP DATABASE load_checkpoint")


def import_month(stack: Stack) -> None:
    """Import the report."""
    _run(stack, "statement", "import", str(_report(stack)))


def reconcile_month(stack: Stack) -> None:
    """Compare the report with the ledger."""
    _run(stack, "reconcile", "--period", "2026-10", "--source", "load-month")


def list_month(stack: Stack) -> None:
    """Export all conversions as CSV."""
    _run(stack, "conversions", "list", "--source", "load-month", "--limit", str(LINES), "--csv")


def replay_month(stack: Stack) -> None:
    """Judge the postbacks of this run again, and book nothing."""
    _run(stack, "replay", "--since", "1d")


def find_slowdown(run: Run) -> float:
    """Return by how much the 99th percentile grew while the commands ran; infinite if they did not end.

    It is compared with the quieter time, before or after: the preparation can keep the disk busy for a while.
    """
    at = {mark.says: mark.at_s for mark in run.marks}
    if not {QUIET, IMPORTED, OVER} <= at.keys():
        return math.inf
    before = [ack.took for ack in run.honest() if at[QUIET] <= ack.due < at[IMPORTED]]
    beside = [ack.took for ack in run.honest() if at[IMPORTED] <= ack.due < at[OVER]]
    after = [ack.took for ack in run.honest() if at[OVER] <= ack.due]
    quiet = [percentile(took, 0.99) for took in (before, after) if took]
    return percentile(beside, 0.99) / min(quiet) if quiet else math.inf


def count_unfinished(run: Run) -> int:
    """Return 1 unless all commands have ended well before the end of the run."""
    return int(OVER not in {mark.says for mark in run.marks})


def _count_lines(stack: Stack) -> int:
    with stack.clicks_file.open() as clicks:
        return SHORT_LINES if sum(1 for _ in islice(clicks, SHORT_CLICKS + 1)) <= SHORT_CLICKS else LINES


def _report(stack: Stack) -> Path:
    return stack.var / "month.csv"


def _run(stack: Stack, *words: str) -> None:
    """Run a command while the samples go on, in a session of its own, as from an operator's shell. Raises `NoStack`.

    The kernel divides the processor between sessions first. In the generator's session it would delay the generator.
    """
    command, environment = [sys.executable, "-m", "postledger", *words], clean_environment() | stack.settings
    ran = subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        start_new_session=True,
    )  # fmt: skip
    if ran.returncode:
        raise NoStack(f"postledger {words[0]} failed: {ran.stderr[-2000:]}")
