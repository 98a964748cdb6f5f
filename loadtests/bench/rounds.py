"""One measured round: warm-up, the same start for everybody, the load, the proof that what was answered is stored.

Contestants take turns round by round, so that a noisy minute of the machine hits all of them.
"""

import resource

import msgspec

from loadtests.bench.contestants import Contestant
from loadtests.bench.ledger import Ledger, Stored
from loadtests.bench.parts import Backend, Ground
from loadtests.bench.plan import Plan
from loadtests.bench.processes import Memory, cpu_seconds, machine_cpu_seconds
from loadtests.bench.wrk import Load, Wrk

REPEATS_AT_LEAST = 0.4
"""The share of repeats in the load of a contestant that repeats; the first requests of a run are all new."""


class RoundFailed(Exception):
    """A request was refused or lost, or its rows are not in Postgres; the numbers of such a round mean nothing."""


class Round(msgspec.Struct, frozen=True):
    """What one round of one contestant gave; processor time is per answer, by part.

    `others_cores` tells how many cores other programs kept busy meanwhile: near zero, or the round says little.
    """

    letter: str
    name: str
    per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    answered: int
    cpu_us: dict[str, float]
    worker_memory: list[Memory]
    rows_before: int = 0
    others_cores: float = 0.0


def run_round(ground: Ground, plan: Plan, ledger: Ledger, contestant: Contestant, number: int) -> Round:
    """Start a contestant, drive it, check what it wrote, stop it; raises `RoundFailed`."""
    connections = contestant.connections or plan.connections
    wrk = Wrk(
        f"{ground.edge.https_url}/", connections, plan.threads, ledger.secret, ledger.clicks_file,
        contestant.script, contestant.told,
    )  # fmt: skip
    rows_before = ledger.size()
    with Backend(ground, contestant.command, contestant.environment) as backend:
        wrk.drive(f"warm{number}", plan.warm_up_s)
        ledger.checkpoint()
        before = _cpu(ground, backend)
        load = wrk.drive(f"round{number}", plan.duration_s)
        spent = {part: seconds - before[part] for part, seconds in _cpu(ground, backend).items()}
        memory = backend.worker_memory()
    check_load(plan, ledger, contestant, load, f"round{number}")
    return _round(contestant, load, spent, memory, rows_before)


def _cpu(ground: Ground, backend: Backend) -> dict[str, float]:
    client = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wrk": client.ru_utime + client.ru_stime,
        "edge": cpu_seconds(ground.edge_pid),
        "backend": cpu_seconds(backend.pid),
        "postgres": cpu_seconds(ground.postgres_pid),
        "machine": machine_cpu_seconds(),
    }


def check_load(plan: Plan, ledger: Ledger, contestant: Contestant, load: Load, run: str) -> None:
    """Raise `RoundFailed` unless every request of that run was answered well, and its rows are in the ledger."""
    if load.failures or not load.answered:
        raise RoundFailed(f"{contestant.name}: {load.failed_statuses} refusals and {load.lost} lost of {load.answered}")
    if not contestant.writes:
        return
    stored = ledger.count(run)
    # wrk hangs up on what is under way when its time is over; such a request may be stored without being counted.
    if stored.postbacks not in range(load.answered, load.answered + (contestant.connections or plan.connections) + 1):
        raise RoundFailed(f"{contestant.name}: {load.answered} answered, but {stored.postbacks} rows in postbacks")
    _check_verdicts(contestant, stored)


def _check_verdicts(contestant: Contestant, stored: Stored) -> None:
    if stored.conversions + stored.duplicates != stored.postbacks:
        raise RoundFailed(f"{contestant.name}: {stored}")
    if (stored.duplicates > REPEATS_AT_LEAST * stored.postbacks) is not contestant.repeats:
        raise RoundFailed(f"{contestant.name}: {stored.duplicates} of {stored.postbacks} postbacks are repeats")


def _round(
    contestant: Contestant, load: Load, spent_s: dict[str, float], memory: list[Memory], rows_before: int
) -> Round:
    machine_s = spent_s.pop("machine")
    return Round(
        letter=contestant.letter,
        name=contestant.name,
        per_second=load.per_second,
        p50_ms=load.p50_us / 1e3,
        p90_ms=load.p90_us / 1e3,
        p99_ms=load.p99_us / 1e3,
        max_ms=load.max_us / 1e3,
        answered=load.answered,
        cpu_us={part: seconds * 1e6 / load.answered for part, seconds in spent_s.items()},
        worker_memory=memory,
        rows_before=rows_before,
        others_cores=max(0.0, machine_s - sum(spent_s.values())) / (load.duration_us / 1e6),
    )
