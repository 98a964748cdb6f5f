"""`make bench`: one run, one machine, one Postgres, one edge; every contestant in turn, and the promises at the end."""

import os
import secrets
import sys
from pathlib import Path

import msgspec

from loadtests.bench.contestants import list_contestants
from loadtests.bench.floor import run_floor
from loadtests.bench.ledger import Ledger, make_ledger, write_click_ids
from loadtests.bench.machine import describe_machine
from loadtests.bench.parts import ROOT, Ground, run_ground
from loadtests.bench.plan import BadPlan, Plan, read_plan
from loadtests.bench.report import judge, summarize, table, verdicts
from loadtests.bench.rounds import Round, RoundFailed, run_round


def main() -> int:
    """Run what the environment asks for; 0 also when a promise is missed, for a number is a result."""
    try:
        plan = read_plan(os.environ)
        with run_ground() as ground:
            report = compare(ground, plan)
    except (BadPlan, RoundFailed) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    _save(report)
    return 0


def compare(ground: Ground, plan: Plan) -> dict[str, object]:
    """Let the contestants take turns on an empty ledger, and print and return what came out."""
    ledger = make_ledger(ground.postgres.url(), secrets.token_hex(16))
    write_click_ids(ledger, ground.clicks_file)
    facts = describe_machine(ledger, ground.home)
    rounds = [one for number in range(1, plan.rounds + 1) for one in _take_turns(ground, plan, ledger, number)]
    summary = summarize(rounds)
    targets = judge(summary)
    _say(f"\nMedian of {plan.rounds} rounds of {plan.duration_s} s, {plan.connections} connections")
    _say(f"\n{table(summary)}\n\n{verdicts(targets)}")
    return {"plan": plan, "machine": facts, "rounds": rounds, "median": summary, "targets": targets}


def _take_turns(ground: Ground, plan: Plan, ledger: Ledger, number: int) -> list[Round]:
    found: list[Round] = []
    for contestant in list_contestants(plan, ledger):
        ledger.empty()
        found.append(_told(run_round(ground, plan, ledger, contestant, number), number))
    for clients in plan.floors if "d" in plan.only else ():
        ledger.empty()
        found.append(_told(run_floor(plan, ledger, ground.postgres_pid, clients), number))
    return found


def _told(one: Round, number: int) -> Round:
    _say(f"round {number}  ({one.letter}) {one.name:24}{one.per_second:8.0f} req/s  p99 {one.p99_ms:.1f} ms")
    return one


def _save(report: dict[str, object]) -> None:
    file = Path(os.environ.get("POSTLEDGER_VAR", ROOT / "var")) / "bench.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    _say(f"\nAll numbers: {file}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
