"""Honest senders beside forged signatures, floods, large bodies and slow headers from other addresses."""

from loadtests import users
from loadtests.acks import FORGED
from loadtests.history import Run, percentile
from loadtests.judge import is_late
from loadtests.scenario import Count, Scenario, Timing
from loadtests.shapes import Stages

BEFORE, DURING = (0.05, 0.30), (0.36, 0.94)
ALLOWED_S, FACTOR = 0.020, 3


def _p99(run: Run, part: tuple[float, float]) -> float:
    return percentile([ack.sent + ack.took - ack.due for ack in run.honest(*part)], 0.99)


def _over_the_bound(run: Run) -> float:
    """The honest p99 during the attack, by three times that of before and 20 ms."""
    return _p99(run, DURING) / (FACTOR * _p99(run, BEFORE) + ALLOWED_S)


def _honest_failures(run: Run) -> int:
    """How many honest requests failed beyond one in a thousand."""
    honest = run.honest()
    return max(0, sum(ack.is_unknown for ack in honest) - len(honest) // 1000)


def _honest_limited(run: Run) -> int:
    return 0 if is_late(run) else sum(ack.http == 429 for ack in run.honest())


def _no_attack(run: Run) -> int:
    return int(not any(ack.kind == FORGED for ack in run.acks))


SCENARIO = Scenario(
    says="100 honest requests a second; after a third of the run 32 attackers join from other addresses",
    rate=100, senders=20, duration_s=60, short_s=10, short_rate=30, beside="attackers", may_fail=True,
    counts=(
        Count("honest requests that failed beyond one in a thousand", _honest_failures, only_full=True),
        Count("honest requests that were rate-limited", _honest_limited),
        Count("runs in which nothing was forged", _no_attack),
    ),
    timings=(Timing("honest p99 by three times that of before and 20 ms", 1.0, _over_the_bound),),
)  # fmt: skip


class Attack(Stages):
    """Honest senders do not change."""


class Network(users.Network):
    """Networks that send GETs."""

    weight = 80


class Webhook(users.Webhook):
    """Networks that POST."""

    weight = 20
