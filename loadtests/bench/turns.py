"""Compares two backends that are alive at once, or two loads of one backend, driven by turns of a second.

The rounds of `make bench` restart each contestant, and the rates of one contestant then differ by a fifth from round
to round, by where its connections and its memory happen to lie. By turns, only what the machine does in two seconds
differs, so differences of a few percent can be measured.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import mean, stdev

import msgspec

from loadtests.bench.contestants import (
    SOURCES,
    Contestant,
    baseline,
    postledger,
    repeating,
    silent,
    with_many_sources,
)
from loadtests.bench.ledger import Ledger, make_database, make_ledger
from loadtests.bench.parts import ROOT, Backend, Ground, run_beside
from loadtests.bench.plan import Plan
from loadtests.bench.processes import cpu_seconds
from loadtests.bench.report import Target
from loadtests.bench.rounds import check_load
from loadtests.bench.wrk import Wrk

TURN_S = 1
TURNS_PER_LEDGER = 10  # then the ledger is emptied, so that it does not grow by what was measured before

_Make = Callable[[Ground, Plan, Ledger], Contestant]


class Pair(msgspec.Struct, frozen=True):
    """One turn of both: responses per second, and processor time of each backend per request."""

    ours_per_second: float
    other_per_second: float
    ours_us: float
    other_us: float


class _Driven(msgspec.Struct, frozen=True):
    contestant: Contestant
    backend: Backend
    wrk: Wrk
    ledger: Ledger


class _Course(msgspec.Struct, frozen=True):
    """How both are driven. `settle` waits until nothing of the turn before is left to do."""

    plan: Plan
    settle: Callable[[], None] = lambda: None


def compare_with_silent(ground: Ground, plan: Plan, ledger: Ledger) -> list[Pair]:
    """Take turns with a Postledger that neither counts nor logs. Raises `RoundFailed`."""
    ours, other = _alive(ground, plan, ledger, postledger), _alive(ground, plan, ledger, silent)
    return _take_turns(_Course(plan), ours, other)


def compare_repeats(ground: Ground, plan: Plan, ledger: Ledger) -> list[Pair]:
    """Drive one Postledger with repeats and without. Raises `RoundFailed`."""
    with _alive(ground, plan, ledger, postledger) as plain:
        contestant = repeating(ground, plan, ledger)
        wrk = msgspec.structs.replace(plain.wrk, told=contestant.told)
        repeats = msgspec.structs.replace(plain, contestant=contestant, wrk=wrk)
        return _take_turns(_Course(plan), nullcontext(repeats), nullcontext(plain))


def compare_many_sources(ground: Ground, plan: Plan, ledger: Ledger) -> list[Pair]:
    """Take turns of a Postledger with many sources, on a ledger of its own, and one with a single source."""
    crowded = make_ledger(make_database(ground.postgres.url(), "sources"), ground.home / "clicks-sources")
    crowded.write_click_ids()
    crowded.add_copies(SOURCES)
    ours, other = _alive(ground, plan, crowded, with_many_sources), _alive(ground, plan, ledger, postledger)
    return _take_turns(_Course(plan), ours, other)


def compare_with_baseline(
    ground: Ground, plan: Plan, ledger: Ledger, checkout: Path, settle: Callable[[], None] = lambda: None
) -> list[Pair]:
    """Take turns with the edge and the backend of another checkout, on today's schema. Raises `RoundFailed`.

    `settle` is called before each turn and after the last one.
    """
    ours, other = _alive(ground, plan, ledger, postledger), _alive(ground, plan, ledger, baseline, checkout)
    return _take_turns(_Course(plan, settle), ours, other)


def judge_cost(pairs: Sequence[Pair]) -> list[Target]:
    """Compare the mean ratio to the silent one with what is promised of metrics and request log."""
    if len(pairs) < 2:  # one turn has no standard error
        return []
    costs_us = [pair.ours_us - pair.other_us for pair in pairs]
    own_us = mean(pair.ours_us for pair in pairs)
    return [
        Target(f"b / s (silent), mean of {len(pairs)} turns", mean_ratio(pairs), 0.95),
        Target("its standard error", standard_error(pairs), None),
        Target(f"metrics and request log, µs of the backend's {own_us:.0f} for a request", mean(costs_us), None),
    ]


def judge_repeats(pairs: Sequence[Pair]) -> list[Target]:
    """Compare the throughput with repeats to that without."""
    return _judge_load("r / b (50 % repeats)", pairs, 0.95)


def judge_many_sources(pairs: Sequence[Pair]) -> list[Target]:
    """Compare the throughput with many sources to that with one."""
    return _judge_load(f"m / b ({SOURCES:,} sources)", pairs, 0.9)


def _judge_load(what: str, pairs: Sequence[Pair], promised: float) -> list[Target]:
    if len(pairs) < 2:
        return []
    ours_us, other_us = mean(pair.ours_us for pair in pairs), mean(pair.other_us for pair in pairs)
    return [
        Target(f"{what}, mean of {len(pairs)} turns", mean_ratio(pairs), promised),
        Target("its standard error", standard_error(pairs), None),
        Target(f"processor time of the backend, µs for a request (b {other_us:.0f})", ours_us, None),
    ]


def judge_baseline(pairs: Sequence[Pair]) -> list[Target]:
    """Compare with the baseline: a change counts as slower unless the mean less two standard errors reaches 0.96."""
    if len(pairs) < 2:
        return []
    lower = mean_ratio(pairs) - 2 * standard_error(pairs)
    ours_us, other_us = mean(pair.ours_us for pair in pairs), mean(pair.other_us for pair in pairs)
    return [
        Target(f"b / o (baseline), mean of {len(pairs)} turns", mean_ratio(pairs), None),
        Target("its mean less two standard errors", lower, 0.96),
        Target(f"processor time of the backend, µs for a request (baseline {other_us:.0f})", ours_us, None),
    ]


def mean_ratio(pairs: Sequence[Pair]) -> float:
    """Return the mean of the turns' ratios, ours to the other's."""
    return mean(_ratios(pairs))


def _ratios(pairs: Sequence[Pair]) -> list[float]:
    return [pair.ours_per_second / pair.other_per_second for pair in pairs]


def standard_error(pairs: Sequence[Pair]) -> float:
    """Return the standard error of that mean; 0 of a single turn."""
    if len(pairs) < 2:
        return 0.0
    return float(stdev(_ratios(pairs)) / len(pairs) ** 0.5)


@contextmanager
def _alive(ground: Ground, plan: Plan, ledger: Ledger, make: _Make, checkout: Path = ROOT) -> Iterator[_Driven]:
    with run_beside(ground, make.__name__, checkout) as own:
        contestant = make(own, plan, ledger)
        wrk = Wrk(
            f"{own.edge.https_url}/", plan.connections, plan.threads, ledger.secret, ledger.clicks_file,
            contestant.script, contestant.told,
        )  # fmt: skip
        with Backend(own, contestant.command, contestant.environment) as backend:
            wrk.drive(f"warm{contestant.letter}", plan.warm_up_s)  # requests are refused until the edge has the policy
            yield _Driven(contestant, backend, wrk, ledger)


def _take_turns(
    course: _Course, ours: AbstractContextManager[_Driven], other: AbstractContextManager[_Driven]
) -> list[Pair]:
    with ours as one, other as two:
        pairs = [_take_turn(course, one, two, number) for number in range(course.plan.turns)]
        course.settle()
    return pairs


def _take_turn(course: _Course, ours: _Driven, other: _Driven, number: int) -> Pair:
    if number % TURNS_PER_LEDGER == 0:
        course.settle()
        for ledger in {ours.ledger.url: ours.ledger, other.ledger.url: other.ledger}.values():
            ledger.empty()
    order = (ours, other) if number % 2 else (other, ours)
    told = {one.contestant.letter: _drive(course, one, f"turn{number}{one.contestant.letter}") for one in order}
    (ours_per_second, ours_us), (other_per_second, other_us) = (told[one.contestant.letter] for one in (ours, other))
    return Pair(ours_per_second, other_per_second, ours_us, other_us)


def _drive(course: _Course, one: _Driven, run: str) -> tuple[float, float]:
    course.settle()
    before_s = cpu_seconds(one.backend.pid)
    load = one.wrk.drive(run, TURN_S)
    spent_s = cpu_seconds(one.backend.pid) - before_s
    check_load(course.plan, one.ledger, one.contestant, load, run)
    return load.per_second, spent_s * 1e6 / load.answered


class Comparison(msgspec.Struct, frozen=True):
    """Drives b and another contestant by turns, and judges what came out."""

    drive: Callable[[Ground, Plan, Ledger], list[Pair]]
    judge: Callable[[Sequence[Pair]], list[Target]]


COMPARISONS = {
    "s": Comparison(compare_with_silent, judge_cost),
    "r": Comparison(compare_repeats, judge_repeats),
    "m": Comparison(compare_many_sources, judge_many_sources),
}
"""By the letter of the contestant that is compared with b."""
