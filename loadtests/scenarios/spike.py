"""A sale goes live: twenty times as many postbacks within seconds, for a while, and back."""

from loadtests import users
from loadtests.history import Run, percentile
from loadtests.scenario import Scenario, Timing, p99_due_below
from loadtests.shapes import Stages

QUIET, RISEN, HELD, BACK = 0.20, 0.30, 0.70, 0.72


def _after_by_before(run: Run) -> float:
    """The p99 from five seconds after the spike on, by that of before it."""
    settled = BACK + 5 / run.duration_s
    before, after = (
        percentile([ack.sent + ack.took - ack.due for ack in run.honest(*part)], 0.99)
        for part in ((0.02, QUIET), (settled, 1.0))
    )
    return after / before if before else 0.0


SCENARIO = Scenario(
    says="30 requests a second, twenty times as many within seconds, and back",
    rate=30, senders=6, duration_s=100, short_s=10, short_rate=15,
    timings=(p99_due_below(0.250, RISEN, HELD), Timing("p99 after the spike by that of before", 2.0, _after_by_before)),
)  # fmt: skip


class Spike(Stages):
    """Quiet, steep, held, and quiet again."""

    stages = ((QUIET, 1), (RISEN, 20), (HELD, 20), (BACK, 1), (1, 1))


class Network(users.Network):
    """Networks that send GETs."""

    weight = 80


class Webhook(users.Webhook):
    """Networks that POST."""

    weight = 20
