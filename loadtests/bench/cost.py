"""What metrics and request log cost: Postledger as shipped and a silent one, both alive, driven by turns of a second.

Apart from the rounds, for which each contestant is started anew: the rates of one then differ by a fifth from round to
round, by where its connections and its memory happen to lie. Here only what the machine does in two seconds differs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import mean, stdev

import msgspec

from loadtests.bench.contestants import Contestant, postledger, silent
from loadtests.bench.ledger import Ledger
from loadtests.bench.parts import Backend, Ground, run_beside
from loadtests.bench.plan import Plan
from loadtests.bench.processes import cpu_seconds
from loadtests.bench.report import Target
from loadtests.bench.rounds import check_load
from loadtests.bench.wrk import Wrk

TURN_S = 1
TURNS_A_LEDGER = 10  # then it is emptied: it must not grow by what was measured before


class Pair(msgspec.Struct, frozen=True):
    """One turn of both: their answers a second, and the processor time of their backends for a request."""

    shipped_per_second: float
    silent_per_second: float
    shipped_us: float
    silent_us: float


class _Driven(msgspec.Struct, frozen=True):
    contestant: Contestant
    backend: Backend
    wrk: Wrk


def take_turns(ground: Ground, plan: Plan, ledger: Ledger) -> list[Pair]:
    """Warm both up, and drive them by turns, each turn begun by the other. Raises `RoundFailed`."""
    with _alive(ground, plan, ledger, "shipped") as shipped, _alive(ground, plan, ledger, "silent") as quiet:
        return [_take_turn(plan, ledger, shipped, quiet, number) for number in range(plan.turns)]


def judge_cost(pairs: Sequence[Pair]) -> list[Target]:
    """Hold the turns against what is promised: the mean of their ratios, with its standard error beside it."""
    if len(pairs) < 2:  # nothing can be said of one
        return []
    ratios = [pair.shipped_per_second / pair.silent_per_second for pair in pairs]
    costs_us = [pair.shipped_us - pair.silent_us for pair in pairs]
    own_us = mean(pair.shipped_us for pair in pairs)
    return [
        Target(f"b / s (silent), mean of {len(pairs)} turns", mean(ratios), 0.95),
        Target("its standard error", stdev(ratios) / len(pairs) ** 0.5, None),
        Target(f"metrics and request log, µs of the backend's {own_us:.0f} for a request", mean(costs_us), None),
    ]


@contextmanager
def _alive(ground: Ground, plan: Plan, ledger: Ledger, name: str) -> Iterator[_Driven]:
    with run_beside(ground, name) as own:
        contestant = (postledger if name == "shipped" else silent)(own, plan, ledger)
        wrk = Wrk(f"{own.edge.https_url}/", plan.connections, plan.threads, ledger.secret, ledger.clicks_file)
        with Backend(own, contestant.command, contestant.environment) as backend:
            wrk.drive(f"warm{contestant.letter}", plan.warm_up_s)  # not all is taken until the edge has the policy
            yield _Driven(contestant, backend, wrk)


def _take_turn(plan: Plan, ledger: Ledger, shipped: _Driven, quiet: _Driven, number: int) -> Pair:
    if number % TURNS_A_LEDGER == 0:
        ledger.empty()
    order = (shipped, quiet) if number % 2 else (quiet, shipped)
    told = {one.contestant.letter: _drive(plan, ledger, one, f"turn{number}{one.contestant.letter}") for one in order}
    (shipped_per_second, shipped_us), (silent_per_second, silent_us) = told["b"], told["s"]
    return Pair(shipped_per_second, silent_per_second, shipped_us, silent_us)


def _drive(plan: Plan, ledger: Ledger, one: _Driven, run: str) -> tuple[float, float]:
    before_s = cpu_seconds(one.backend.pid)
    load = one.wrk.drive(run, TURN_S)
    spent_s = cpu_seconds(one.backend.pid) - before_s
    check_load(plan, ledger, one.contestant, load, run)
    return load.per_second, spent_s * 1e6 / load.answered
