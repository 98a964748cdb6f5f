"""Honest senders beside forged signatures, floods, large bodies and slow headers from other addresses."""

from collections import Counter

from loadtests import partner, users
from loadtests.acks import FORGED
from loadtests.history import Run, percentile
from loadtests.judge import is_late
from loadtests.scenario import PARTNER_IS_SERVED, Count, Scenario, Timing
from loadtests.shapes import Stages

BEFORE, DURING = (0.05, 0.30), (0.36, 0.94)
ALLOWED_S, FACTOR = 0.020, 3
RATE, BURST = 10, 20  # of a source, by default


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


def _beyond_quota(run: Run) -> int:
    """Forged requests of one address that the quota of the source should have stopped, with half as many to spare."""
    passed = Counter(ack.sender for ack in run.acks if ack.kind == FORGED and ack.http not in (0, 429))
    allowed = 1.5 * (BURST + RATE * run.duration_s)
    return sum(max(0, round(count - allowed)) for count in passed.values())


def _no_attack(run: Run) -> int:
    return int(not any(ack.kind == FORGED for ack in run.acks))


SCENARIO = Scenario(
    says="100 honest requests a second; after a third of the run 32 attackers join from other addresses",
    rate=100, senders=20, duration_s=60, short_s=10, short_rate=30, beside="attackers", may_fail=True,
    counts=(
        Count("honest requests that failed beyond one in a thousand", _honest_failures, only_full=True),
        Count("honest requests that were rate-limited", _honest_limited),
        Count("forged requests beyond the quota of their address", _beyond_quota),
        Count("runs in which nothing was forged", _no_attack),
        PARTNER_IS_SERVED,
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


class Partner(partner.Partner):
    """One who tries the sandbox while it is flooded."""
