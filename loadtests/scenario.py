"""What a scenario says of itself beside its users and its shape: its size, its disturbances, its thresholds."""

import math
from collections.abc import Callable, Sequence

import msgspec

from loadtests.acks import TRIED
from loadtests.history import Run, percentile
from loadtests.stack import Stack


class Disturbance(msgspec.Struct, frozen=True):
    """Something that is done to the system when a share of the run has passed."""

    at: float
    says: str
    do: Callable[[Stack], object]


class Timing(msgspec.Struct, frozen=True):
    """A promise in seconds, or a ratio of them. It is only judged in full runs, and when the machine was quiet enough.

    One that other programs cannot break needs no quiet machine.
    """

    says: str
    bound: float
    measure: Callable[[Run], float]
    needs_quiet: bool = True


class Count(msgspec.Struct, frozen=True):
    """A promise about counts. `measure` returns how often it was broken.

    One that a stall of the machine can break is `only_full`: it is not judged in short runs, which are tests.
    """

    says: str
    measure: Callable[[Run], int]
    only_full: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario. `rate` is in requests per second of all senders together, durations are in seconds.

    Pauses of `senders.toml` are multiplied by `time_scale` and the duration. `beside` names a file whose users run in a
    second process. `may_fail` says that answers 5xx are part of the scenario. `prepare` comes before all of it.
    """

    says: str
    rate: float
    senders: int
    duration_s: float
    short_s: float
    timings: Sequence[Timing] = ()
    counts: Sequence[Count] = ()
    disturbances: Sequence[Disturbance] = ()
    prepare: Callable[[Stack], object] | None = None
    beside: str | None = None
    may_fail: bool = False
    short_rate: float | None = None
    time_scale: float = 0.0


def count_partner_surprises(run: Run) -> int:
    """How many answers to the partner in the sandbox were not what it expects. It may go without one."""
    return sum(ack.kind == TRIED and not ack.is_expected and not ack.is_unknown for ack in run.acks)


PARTNER_IS_SERVED = Count("answers to the partner that it does not expect", count_partner_surprises)


def p99_due_below(limit_s: float, since: float = 0.0, until: float = math.inf) -> Timing:
    """Promise a 99th percentile, from when requests were due, within a part of the run."""

    def measure(run: Run) -> float:
        return percentile([ack.sent + ack.took - ack.due for ack in run.honest(since, until)], 0.99)

    return Timing("p99 from when a request was due", limit_s, measure)
