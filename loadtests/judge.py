"""The verdict over a run: what was broken, what could not be judged and why, and the exit code that says so."""

from enum import IntEnum

import msgspec

from loadtests.acks import CLICK, POSTBACK, TRIED
from loadtests.history import Run
from loadtests.scenario import Count, Scenario, Timing
from loadtests.verify import Verification

LAG_LIMIT_S = 0.020
GENERATOR_CORES = 0.8
OTHER_CORES = 0.3


class Code(IntEnum):
    """The exit codes of `script/loadtest`."""

    GOOD = 0
    WRONG = 1
    SLOW = 2
    NOT_JUDGED = 3
    NOT_RUN = 4


class Judged(msgspec.Struct, frozen=True):
    """One promise: the bound, what was measured, and whether it was kept; None means that it was not judged."""

    says: str
    promised: str
    measured: str
    is_kept: bool | None


class Judgement(msgspec.Struct, frozen=True):
    """The verdict in one sentence, its exit code, each promise, and why timings were not judged, if so."""

    code: Code
    sentence: str
    promises: list[Judged]
    noise: list[str]


def judge(scenario: Scenario, run: Run, verification: Verification, *, is_short: bool) -> Judgement:
    """Judge correctness and counts always, timings only of a full run on a quiet machine."""
    noise = ["this was a short run"] if is_short else find_noise(run)
    counts = [_judge_ledger(verification), _judge_answers(run, may_fail=scenario.may_fail or is_short)]
    counts += [_judge_counters(run)] if not run.marks else []
    counts += [_judge_count(one, run) for one in scenario.counts if not (is_short and one.only_full)]
    is_noisy = is_short or bool(noise)
    timings = [
        _judge_timing(one, run, is_judged=not (is_noisy if one.needs_quiet else is_short)) for one in scenario.timings
    ]
    code = _code(counts, timings, bool(noise) and not is_short)
    return Judgement(code, _sentence(code, [*counts, *timings], noise), [*counts, *timings], noise)


def find_noise(run: Run) -> list[str]:
    """Name what made the run's timings worthless: a busy generator, or other programs on its cores."""
    noise = []
    for one in run.generators:
        if one.lag_p99_s > LAG_LIMIT_S:
            noise.append(f"the generator ({one.part}) was {one.lag_p99_s * 1000:.0f} ms late at its 99th percentile")
        if one.cores > GENERATOR_CORES:
            noise.append(f"the generator ({one.part}) used {one.cores:.2f} cores")
    if (others := other_cores(run)) > OTHER_CORES:
        noise.append(f"other programs used {others:.2f} cores")
    return noise


def other_cores(run: Run) -> float:
    """The cores that programs used which are neither the stack nor the generator."""
    if len(run.samples) < 2:
        return 0.0
    first, last = run.samples[0], run.samples[-1]
    own = sum(
        max(0.0, after.cpu_s[name] - before.cpu_s.get(name, after.cpu_s[name]))
        for before, after in zip(run.samples, run.samples[1:], strict=False)
        for name in after.cpu_s
    )
    return max(0.0, last.machine_cpu_s - first.machine_cpu_s - own) / (last.at_s - first.at_s)


def _judge_ledger(verification: Verification) -> Judged:
    broken = [f"{one.promise}: {one.broken} not" for one in verification.findings if one.broken]
    measured = "; ".join(broken) or ("all true" if verification.answers else "nothing was sent")
    return Judged("the ledger holds what was answered", "all true", measured, verification.is_good)


def _judge_answers(run: Run, *, may_fail: bool) -> Judged:
    honest = [ack for ack in run.acks if ack.kind in (POSTBACK, CLICK)]
    wrong = [ack for ack in honest if not ack.is_expected and not (ack.is_unknown and may_fail)]
    if is_late(run):
        wrong = [ack for ack in wrong if ack.http != 429]
    words = sorted({f"{ack.http} {ack.reason or ack.said}" for ack in wrong})
    return Judged(
        "every answer is the expected one", "0 others", f"{len(wrong)} {', '.join(words[:5])}".strip(), not wrong
    )


def _judge_counters(run: Run) -> Judged:
    """Compare the backend's counters with the ack log; what was answered 503 may have been counted as well."""
    unknown = sum(ack.is_unknown for ack in run.acks if ack.kind != TRIED)
    counted = {name: run.after.get(name, 0) - run.before.get(name, 0) for name in run.answers()}
    wrong = {name: counted[name] for name, told in run.answers().items() if not told <= counted[name] <= told + unknown}
    return Judged("the backend counted what it answered", "all", f"{wrong or 'all'}", not wrong)


def is_late(run: Run) -> bool:
    """Whether the generator was late. It sends what waited all at once then, which a quota rightly refuses."""
    return any(one.lag_p99_s > LAG_LIMIT_S for one in run.generators)


def _judge_count(count: Count, run: Run) -> Judged:
    broken = count.measure(run)
    return Judged(count.says, "0", str(broken), not broken)


def _judge_timing(timing: Timing, run: Run, *, is_judged: bool) -> Judged:
    measured = timing.measure(run)
    kept = measured <= timing.bound if is_judged else None
    return Judged(timing.says, f"{timing.bound:.3g}", f"{measured:.3g}", kept)


def _code(counts: list[Judged], timings: list[Judged], is_noisy: bool) -> Code:
    if not all(one.is_kept for one in counts):
        return Code.WRONG
    if any(one.is_kept is False for one in timings):
        return Code.SLOW
    return Code.NOT_JUDGED if is_noisy and timings else Code.GOOD


def _sentence(code: Code, promises: list[Judged], noise: list[str]) -> str:
    broken = "; ".join(
        f"{one.says} ({one.measured}, promised {one.promised})" for one in promises if one.is_kept is False
    )
    return {
        Code.GOOD: "Good: every promise that was judged was kept",
        Code.WRONG: f"Wrong: {broken}",
        Code.SLOW: f"Slow: {broken}",
        Code.NOT_JUDGED: f"Not judged: the ledger is right, but timings say nothing, because {'; '.join(noise)}",
    }[code]
