"""`make bench`: one run, one machine, one Postgres, one edge; every contestant in turn, and the promises at the end."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from loadtests.bench.contestants import list_contestants, postledger
from loadtests.bench.edge import bench_edge
from loadtests.bench.fill import fill
from loadtests.bench.finance import bench_finance
from loadtests.bench.floor import run_floor
from loadtests.bench.ledger import Ledger, make_database, make_ledger
from loadtests.bench.machine import describe_machine
from loadtests.bench.parts import ROOT, Ground, run_ground
from loadtests.bench.paths import bench_paths
from loadtests.bench.plan import BadPlan, Plan, read_plan
from loadtests.bench.reconcile import bench_reconcile, run_bars
from loadtests.bench.replaying import replay_refused_postbacks
from loadtests.bench.report import Target, judge, judge_sizes, summarize, table, verdicts
from loadtests.bench.rounds import Round, RoundFailed, run_round
from loadtests.bench.turns import COMPARISONS, Pair, compare_with_baseline, judge_baseline


class Other(msgspec.Struct, frozen=True):
    """A benchmark of its own, beside the contestants, and the file of its numbers."""

    file: str
    run: Callable[[Plan], dict[str, object]]


def main() -> int:
    """Run what the environment asks for; 0 also when a promise is missed, for a number is a result."""
    # As after Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        plan = read_plan(os.environ)
        if other := _find_other():
            _save(other.file, other.run(plan))
            return 0
        with run_ground() as ground:
            report = _compare(ground, plan)
    except (BadPlan, RoundFailed) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    _save("bench-rows.json" if plan.rows else "bench-baseline.json" if plan.baseline else "bench.json", report)
    return 0


def _find_other() -> Other | None:
    bar = os.environ.get("BAR", "")
    others = (
        (os.environ.get("EDGE"), Other("bench-edge.json", bench_edge)),
        (os.environ.get("PATHS"), Other("bench-paths.json", bench_paths)),
        (os.environ.get("FINANCE"), Other("bench-finance.json", lambda plan: bench_finance(plan, bar))),
        (os.environ.get("RECONCILE"), Other("bench-reconcile.json", lambda plan: bench_reconcile(plan, bar))),
        (os.environ.get("REPLAY"), Other("bench-replay.json", lambda plan: run_bars(plan, [replay_refused_postbacks]))),
    )
    return next((other for is_wanted, other in others if is_wanted), None)


def _compare(ground: Ground, plan: Plan) -> dict[str, object]:
    if plan.rows:
        return compare_sizes(ground, plan)
    return compare_checkouts(ground, plan, plan.baseline) if plan.baseline else compare(ground, plan)


def compare(ground: Ground, plan: Plan) -> dict[str, object]:
    """Let the contestants take turns, each on an empty ledger; print and return what came out."""
    ledger = make_ledger(ground.postgres.url(), ground.home / "clicks")
    ledger.write_click_ids()
    facts = describe_machine(ledger, ground.home)
    rounds = [one for number in range(1, plan.rounds + 1) for one in _take_turns(ground, plan, ledger, number)]
    turns = {letter: _compare_by_turns(ground, plan, ledger, letter) for letter in COMPARISONS if letter in plan.only}
    judged = [target for letter, pairs in turns.items() for target in COMPARISONS[letter].judge(pairs)]
    return _conclude(plan, facts, rounds, lambda summary: judge(summary) + judged, turns)


def compare_sizes(ground: Ground, plan: Plan) -> dict[str, object]:
    """Let Postledger alone take turns on ledgers with ever more rows; print and return what came out."""
    ledgers = {rows: _make_full(ground, rows) for rows in sorted(plan.rows)}
    facts = describe_machine(next(iter(ledgers.values())), ground.home)
    rounds = [
        _told(_run_on(ground, plan, ledger, rows, number), number)
        for number in range(1, plan.rounds + 1)
        for rows, ledger in ledgers.items()
    ]
    return _conclude(plan, facts, rounds, judge_sizes)


def compare_checkouts(ground: Ground, plan: Plan, checkout: Path) -> dict[str, object]:
    """Let this checkout and another one take turns; print and return the ratios."""
    ledger = make_ledger(ground.postgres.url(), ground.home / "clicks")
    ledger.write_click_ids()
    _say(f"(b) and (o) {checkout}, by {plan.turns} turns of a second each")
    pairs = compare_with_baseline(ground, plan, ledger, checkout)
    return _conclude(plan, describe_machine(ledger, ground.home), [], lambda _: judge_baseline(pairs), {"o": pairs})


def _take_turns(ground: Ground, plan: Plan, ledger: Ledger, number: int) -> list[Round]:
    found: list[Round] = []
    for contestant in list_contestants(ground, plan, ledger):
        ledger.empty()
        found.append(_told(run_round(ground, plan, ledger, contestant, number), number))
    for clients in plan.floors if "d" in plan.only else ():
        ledger.empty()
        found.append(_told(run_floor(plan, ledger, ground.postgres_pid, clients), number))
    return found


def _compare_by_turns(ground: Ground, plan: Plan, ledger: Ledger, letter: str) -> list[Pair]:
    _say(f"(b) and ({letter}), by {plan.turns} turns of a second each")
    return COMPARISONS[letter].drive(ground, plan, ledger)


def _make_full(ground: Ground, rows: int) -> Ledger:
    _say(f"filling a ledger with {rows:,} conversions, clicks and postbacks")
    ledger = make_ledger(make_database(ground.postgres.url(), f"rows_{rows}"), ground.home / f"clicks-{rows}")
    fill(ledger, rows)
    ledger.write_click_ids()
    return ledger


def _run_on(ground: Ground, plan: Plan, ledger: Ledger, rows: int, number: int) -> Round:
    contestant = msgspec.structs.replace(postledger(ground, plan, ledger), name=f"{rows:,} rows")
    return run_round(ground, plan, ledger, contestant, number)


def _conclude(
    plan: Plan,
    facts: dict[str, object],
    rounds: Sequence[Round],
    judge_all: Callable[[Sequence[Round]], list[Target]],
    turns: Mapping[str, Sequence[Pair]] = MappingProxyType({}),
) -> dict[str, object]:
    summary = summarize(rounds)
    targets = judge_all(summary)
    if summary:
        _say(f"\nMedian of {plan.rounds} rounds of {plan.duration_s} s, {plan.connections} connections")
        _say(f"\n{table(summary)}")
    _say(f"\n{verdicts(targets)}")
    return {
        "plan": plan, "machine": facts, "rounds": rounds, "turns": turns, "median": summary, "targets": targets
    }  # fmt: skip


def _told(one: Round, number: int) -> Round:
    _say(f"round {number}  ({one.letter}) {one.name:24}{one.per_second:8.0f} req/s  p99 {one.p99_ms:.1f} ms")
    return one


def _save(name: str, report: dict[str, object]) -> None:
    file = Path(os.environ.get("POSTLEDGER_VAR", ROOT / "var")) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report, enc_hook=str), indent=2) + b"\n")
    _say(f"\nAll numbers: {file}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
