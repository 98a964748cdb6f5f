"""The bars of forwards: how many arrive at a local receiver, alone and beside the backlog of another one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from loadtests.bench.ledger import Ledger, make_database, make_ledger
from loadtests.bench.parts import ROOT, Ground
from loadtests.bench.plan import Plan
from loadtests.bench.report import Target
from loadtests.bench.worker import Worker, configure

SENT, BACKLOG = 20_000, 100_000
_FORWARDS = """
[[forwards]]
slug = "sink"
url = "http://127.0.0.1:{port}/postback?cid={{click_id}}&payout={{payout}}&txid={{transaction_id}}"
allow_private = true
concurrency = 32

[[forwards]]
slug = "gone"
url = "http://127.0.0.1:{port}/gone"
allow_private = true
"""
_CONVERSIONS = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, status, payout, currency, created_at, updated_at,
    revision
)
SELECT
    md5(number::text)::uuid, md5(number || 'id')::uuid, %s, 'sale', 'txn-' || number, 'click-' || number, 'approved',
    12.50, 'USD', now(), now(), 1
FROM generate_series(1, %s) AS number
"""
_DELIVERIES = """
INSERT INTO deliveries (dedup_key, forward, receipt, revision, is_backfill, state, attempts, due_at, created_at)
SELECT
    md5(number::text)::uuid, %s, md5(number || 'id')::uuid, 1, false, 'waiting', 0,
    now() + number %% 2 * %s::interval, now()
FROM generate_series(1, %s) AS number
"""
_OPEN = "UPDATE forwards SET circuit = 'open', circuit_until = now() + interval '1 hour' WHERE slug = 'gone'"
_SPEED = """
SELECT count(*) / extract(epoch FROM max(settled_at) - (SELECT min(at) FROM delivery_attempts))::float
FROM deliveries WHERE state = 'delivered'
"""


def forward_to_a_local_sink(ground: Ground, _plan: Plan) -> list[Target]:
    """Forwards to a local receiver, alone, then beside 100,000 that wait for one that is gone."""
    alone = _measure(ground, "forwards-alone", 0)
    beside = _measure(ground, "forwards-beside", BACKLOG)
    return [
        Target("forwards a second to a local receiver", alone, 1000),
        Target(f"the same beside {BACKLOG:,} that wait for another one", beside, 1000),
        Target("beside / alone", beside / alone, None),
    ]


def _measure(ground: Ground, name: str, backlog: int) -> float:
    ledger = make_ledger(make_database(ground.postgres.url(), name), ground.home / f"clicks-{name}")
    with _run_sink() as port:
        configure(ground, ledger, _FORWARDS.format(port=port))
        _fill(ledger, backlog)
        with Worker(ground, ledger) as worker:
            _queue(ledger)
            worker.wait_for(
                "SELECT NOT EXISTS (SELECT FROM deliveries WHERE forward = 'sink' AND state = 'waiting')",
                "left deliveries",
            )
    with ledger.connect() as connection:
        ((speed,),) = connection.execute(_SPEED).fetchall()
    return float(speed)


def _fill(ledger: Ledger, backlog: int) -> None:
    with ledger.connect() as connection:
        connection.execute(_CONVERSIONS, (ledger.source_id, max(SENT, backlog)))
        # Half of it is due, which an open circuit holds back, and half waits for its next attempt.
        connection.execute(_DELIVERIES, ("gone", "1 hour", backlog))
        connection.execute(_OPEN)
        connection.execute("VACUUM ANALYZE")


def _queue(ledger: Ledger) -> None:
    with ledger.connect() as connection:
        connection.execute(_DELIVERIES, ("sink", "0 hours", SENT))


@contextmanager
def _run_sink() -> Iterator[int]:
    command = [sys.executable, "-m", "loadtests.bench.sink"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None, "it is a pipe"
        try:
            yield int(sink.stdout.readline())
        finally:
            sink.kill()
