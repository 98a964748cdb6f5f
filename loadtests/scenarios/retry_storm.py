"""Postgres is stopped for a while; each network repeats by its own rule, and all of them come back at once."""

from loadtests.history import Run, percentile
from loadtests.lost import lost_by_rule
from loadtests.retriers import Retrier
from loadtests.rules import read_rules
from loadtests.scenario import Count, Disturbance, Scenario, Timing
from loadtests.shapes import Stages
from loadtests.stack import start_postgres, stop_postgres

DOWN, UP = 0.10, 0.35
TIME_SCALE = (UP - DOWN) / 900  # the outage stands for a quarter of an hour of the networks' time


def _lost_although_repeated(run: Run) -> int:
    lost = lost_by_rule(run.honest())
    outage_s = (run.marks[-1].at_s - run.marks[0].at_s + _first_after_return(run)) / (TIME_SCALE * run.duration_s)
    survivors = {name for name, rule in read_rules().items() if rule.survives(outage_s * 1.2)}
    return sum(outcome["lost"] for name, outcome in lost.items() if name in survivors)


def _refused(run: Run) -> int:
    return sum(not ack.is_unknown and ack.http >= 400 for ack in run.honest())


def _other_than_503(run: Run) -> int:
    return sum(ack.http >= 500 and ack.http != 503 for ack in run.honest())


def _slowest_503(run: Run) -> float:
    return max((ack.took for ack in run.honest() if ack.http == 503), default=0.0)


def _first_after_return(run: Run) -> float:
    back_s = run.marks[-1].at_s
    return min(
        (ack.sent + ack.took - back_s for ack in run.honest() if ack.http == 200 and ack.sent > back_s), default=60.0
    )


def _p99_later(run: Run) -> float:
    return percentile([ack.took for ack in run.honest(UP + 10 / run.duration_s, 1.0)], 0.99)


SCENARIO = Scenario(
    says="60 senders, each with its network's rule for repeats; Postgres is stopped for a quarter of the run",
    rate=60, senders=54, duration_s=240, short_s=16, short_rate=30, time_scale=TIME_SCALE, may_fail=True,
    disturbances=(
        Disturbance(DOWN, "Postgres stopped", stop_postgres),
        Disturbance(UP, "Postgres started", start_postgres),
    ),
    counts=(
        Count("lost by a sender whose rule outlasts the outage", _lost_although_repeated, only_full=True),
        Count("conversions refused for good", _refused),
        Count("answers 5xx other than 503", _other_than_503),
    ),
    timings=(
        Timing("the slowest 503", 2.0, _slowest_503),
        Timing("the first 2xx after Postgres is back", 3.0, _first_after_return),
        Timing("p99 from ten seconds later on", 0.250, _p99_later),
    ),
)  # fmt: skip


class RetryStorm(Stages):
    """The same senders all the time; only their repeats make the storm."""


class Everyone(Retrier):
    """Each user plays the next network of senders.toml."""
