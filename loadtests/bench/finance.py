"""`make bench FINANCE=1`: what follows from a booked postback, and what it costs ingest.

Each bar prepares what it needs, on a ledger of its own, and returns its targets. Add a bar to `BARS`.
"""

import sys
from collections.abc import Callable
from statistics import mean

from loadtests.bench.forwards import forward_to_a_local_sink
from loadtests.bench.ledger import make_database, make_ledger
from loadtests.bench.machine import describe_machine
from loadtests.bench.mapping import map_alone, map_beside_ingest, wait_for_a_line
from loadtests.bench.parts import Ground, run_ground
from loadtests.bench.plan import BadPlan, Plan
from loadtests.bench.publishing import publish_alone, publish_beside_ingest
from loadtests.bench.report import MIB, Target, verdicts
from loadtests.bench.rounds import RoundFailed
from loadtests.bench.turns import Pair, compare_with_baseline, mean_ratio, standard_error
from loadtests.bench.worker import FINANCE, Worker, configure, unpack_commit

BEFORE_OUTBOX = "6b2c25b"
"""The last commit without history, outbox and worker."""

Bar = Callable[[Ground, Plan], list[Target]]


def bench_finance(plan: Plan, wanted: str = "") -> dict[str, object]:
    """Measure the bars whose names contain `wanted`, one after the other; print and return what came out."""
    bars = choose(wanted)
    targets: list[Target] = []
    with run_ground() as ground:
        facts = describe_machine(make_ledger(ground.postgres.url(), ground.home / "clicks"), ground.home)
        for bar in bars:
            _say(f"\n{(bar.__doc__ or '').splitlines()[0]}")
            found = bar(ground, plan)
            _say(verdicts(found))
            targets += found
    return {"plan": plan, "machine": facts, "targets": targets}


def choose(wanted: str) -> list[Bar]:
    """List the bars whose names contain a text. Raises `BadPlan`."""
    chosen = [bar for bar in BARS if wanted in bar.__name__]
    if not chosen:
        raise BadPlan(f"BAR must be a part of the name of a bar: {', '.join(bar.__name__ for bar in BARS)}")
    return chosen


def ingest_beside_an_idle_worker(ground: Ground, plan: Plan) -> list[Target]:
    """Ingest with outbox, beside a worker with nothing configured, against ingest without both."""
    return _ingest_beside_a_worker(ground, plan, "idle", "", 0.95)


def ingest_beside_a_mapping_worker(ground: Ground, plan: Plan) -> list[Target]:
    """Ingest beside a worker that writes an expense line for each conversion, against ingest without both."""
    return _ingest_beside_a_worker(ground, plan, "mapping", FINANCE, 0.85)


def _ingest_beside_a_worker(ground: Ground, plan: Plan, name: str, document: str, promised: float) -> list[Target]:
    ledger = make_ledger(make_database(ground.postgres.url(), name), ground.home / f"clicks-{name}")
    ledger.write_click_ids()
    if document:
        configure(ground, ledger, document)
    drained_s: list[float] = []
    before = plan.baseline or unpack_commit(ground, BEFORE_OUTBOX)
    with Worker(ground, ledger) as worker:
        spent_s = worker.cpu_s()
        pairs = compare_with_baseline(ground, plan, ledger, before, settle=lambda: drained_s.append(worker.drain()))
        spent_s, memory = worker.cpu_s() - spent_s, worker.memory()
        lines = ledger.count_lines()
    if document and not lines:
        raise RoundFailed("the worker wrote no expense lines")
    return [
        *judge_ingest(pairs, name, promised),
        Target(f"the longest wait for the {name} worker after a turn, s", max(drained_s), None),
        Target(f"expense lines by the {name} worker", lines, None),
        Target(f"processor time of the {name} worker, s of {2 * len(pairs)}", spent_s, None),
        Target(f"memory of the {name} worker, MiB (RSS)", memory.rss_bytes / MIB, 150, at_least=False),
    ]


def judge_ingest(pairs: list[Pair], name: str, promised: float) -> list[Target]:
    """Compare ingest beside a worker with ingest without, turn by turn."""
    ours_us, other_us = mean(pair.ours_us for pair in pairs), mean(pair.other_us for pair in pairs)
    ours, without = mean(pair.ours_per_second for pair in pairs), mean(pair.other_per_second for pair in pairs)
    return [
        Target(
            f"ingest with outbox and {name} worker / without, mean of {len(pairs)} turns", mean_ratio(pairs), promised
        ),
        Target("its standard error", standard_error(pairs), None),
        Target(f"ingest with outbox and {name} worker, req/s (without {without:.0f})", ours, None),
        Target(f"processor time of the backend, µs for a request (without {other_us:.0f})", ours_us, None),
    ]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


BARS: tuple[Bar, ...] = (
    ingest_beside_an_idle_worker,
    ingest_beside_a_mapping_worker,
    map_alone,
    map_beside_ingest,
    wait_for_a_line,
    forward_to_a_local_sink,
    publish_alone,
    publish_beside_ingest,
)
