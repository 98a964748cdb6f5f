"""The bars of the mapper: how fast it is alone, whether it keeps up with ingest, and how soon a line is there."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

from psycopg import Connection

from loadtests.bench.contestants import postledger
from loadtests.bench.fill import fill
from loadtests.bench.ledger import Ledger, make_database, make_ledger
from loadtests.bench.parts import Ground
from loadtests.bench.plan import Plan
from loadtests.bench.report import Target
from loadtests.bench.rounds import RoundFailed, run_round
from loadtests.bench.worker import FINANCE, Worker, configure
from postledger.ledger.writer import write_entries
from tests.parts.entries import entry_of

CONVERSIONS = 50_000
STEADY_PER_SECOND, STEADY_S, AT_ONCE = 1000, 15, 20
_POLL_S = 0.01
# The books begin before everything that was filled in.
_BEGIN = "UPDATE finance SET since = '2000-01-01'"
_HAND_OVER = "INSERT INTO outbox SELECT now(), dedup_key, id, 1, 'opened' FROM conversions"
_NEW_LINES = "SELECT dedup_key::text, created_at FROM expense_lines WHERE created_at > %s"


def map_alone(ground: Ground, _plan: Plan) -> list[Target]:
    """The mapper alone: conversions that wait in the outbox become expense lines."""
    ledger = _make_books(ground, "alone")
    fill(ledger, CONVERSIONS)
    with Worker(ground, ledger) as worker, ledger.connect() as connection:
        connection.execute(_BEGIN)
        connection.execute(_HAND_OVER)
        took_s = worker.drain()
    return [Target("mapper alone, conversions/s", _check_lines(ledger) / took_s, 5000)]


def map_beside_ingest(ground: Ground, plan: Plan) -> list[Target]:
    """The mapper beside ingest at full speed: its rate until the outbox is empty, to that of ingest."""
    ledger = _make_books(ground, "beside")
    ledger.write_click_ids()
    with Worker(ground, ledger) as worker:
        load = run_round(ground, plan, ledger, postledger(ground, plan, ledger), 1)
        late_s = worker.drain()
    kept_up = plan.duration_s / (plan.duration_s + late_s)
    return [
        Target("ingest beside the mapper, req/s", load.per_second, None),
        Target("mapper's rate / ingest's beside it, until the outbox is empty", kept_up, 0.95),
    ]


def wait_for_a_line(ground: Ground, _plan: Plan) -> list[Target]:
    """From the commit of a conversion to its expense line, at a steady rate."""
    ledger, committed = _make_books(ground, "steady"), dict[str, float]()
    with Worker(ground, ledger), ledger.connect() as connection:
        writing = Thread(target=_write_steadily, args=(ledger, committed))
        writing.start()
        seen = _watch_lines(connection, STEADY_PER_SECOND * STEADY_S)
        writing.join()
    waits_s = sorted(seen[key] - at for key, at in committed.items())
    at = f"at {STEADY_PER_SECOND:,} conversions/s"
    return [
        Target(f"from commit to line {at}, median s", waits_s[len(waits_s) // 2], None),
        Target(f"from commit to line {at}, p99 s", waits_s[len(waits_s) * 99 // 100], 2, at_least=False),
    ]


def _make_books(ground: Ground, name: str) -> Ledger:
    name = f"map_{name}"
    ledger = make_ledger(make_database(ground.postgres.url(), name), ground.home / f"clicks-{name}")
    configure(ground, ledger, FINANCE)
    return ledger


def _check_lines(ledger: Ledger) -> int:
    # A payout of 0 needs no line; `fill` gives one to each ten-thousandth conversion.
    booked, lines = ledger.size(), ledger.count_lines()
    if lines < booked * 0.99:
        raise RoundFailed(f"the worker wrote {lines} expense lines for {booked} conversions")
    return booked


def _write_steadily(ledger: Ledger, committed: dict[str, float]) -> None:
    begun_s = time.monotonic()
    with ledger.connect() as connection:
        for number in range(STEADY_PER_SECOND * STEADY_S // AT_ONCE):
            entries = [
                entry_of(transaction_id=f"steady-{number}-{index}", payout="1", affiliate_id="456")
                for index in range(AT_ONCE)
            ]
            write_entries(connection, entries)
            committed |= {entry.event.dedup_key: time.monotonic() for entry in entries if entry.event is not None}
            time.sleep(max(0.0, begun_s + (number + 1) * AT_ONCE / STEADY_PER_SECOND - time.monotonic()))


def _watch_lines(connection: Connection[Any], expected: int) -> dict[str, float]:
    """Note when each line becomes visible. All lines of a batch have one time, and batches follow one another."""
    seen: dict[str, float] = {}
    newest, until_s = datetime.now(UTC) - timedelta(days=1), time.monotonic() + 4 * STEADY_S
    while len(seen) < expected:
        rows: Sequence[tuple[str, datetime]] = connection.execute(_NEW_LINES, (newest,)).fetchall()
        seen |= {key: time.monotonic() for key, _ in rows}
        newest = max([newest, *(created_at for _, created_at in rows)])
        if time.monotonic() > until_s:
            raise RoundFailed(f"only {len(seen)} of {expected} expense lines came")
        time.sleep(_POLL_S)
    return seen
