"""More than the machine can do: what is taken must stay right, and the rest must be told so at once."""

from loadtests import users
from loadtests.history import Run
from loadtests.scenario import Count, Scenario, Timing
from loadtests.shapes import Stages

QUIET, RISEN, HELD, BACK = 0.15, 0.20, 0.75, 0.76


def _other_than_503(run: Run) -> int:
    return sum(ack.http >= 500 and ack.http != 503 for ack in run.honest())


def _slowest(run: Run) -> float:
    return max((ack.took for ack in run.honest()), default=0.0)


def _slowest_503(run: Run) -> float:
    return max((ack.took for ack in run.honest() if ack.http == 503), default=0.0)


SCENARIO = Scenario(
    says="from 150 to 3,000 due requests a second and back, which is more than two cores take",
    rate=150, senders=30, duration_s=60, short_s=10, short_rate=30, may_fail=True,
    counts=(Count("answers 5xx other than 503", _other_than_503),),
    timings=(Timing("the slowest answer", 5.0, _slowest), Timing("the slowest 503", 2.0, _slowest_503)),
)  # fmt: skip


class Overload(Stages):
    """Quiet, far too much, and quiet again."""

    stages = ((QUIET, 1), (RISEN, 20), (HELD, 20), (BACK, 1), (1, 1))


class Network(users.Network):
    """Networks that send GETs."""
