"""Honest senders, by turns alone and beside a flood of the sandbox."""

from loadtests import users
from loadtests.flood_turns import FLOODERS, RATE, count_missing, find_cost
from loadtests.scenario import Count, Scenario, Timing
from loadtests.shapes import Stages

SCENARIO = Scenario(
    says=f"200 honest requests a second, by turns alone and beside {FLOODERS} that send the sandbox {RATE} a second",
    rate=200, senders=40, duration_s=160, short_s=10, short_rate=30, beside="sandbox_flooders",
    counts=(Count("requests of the flood that are missing", count_missing, only_full=True),),
    timings=(Timing("p99 beside a flood of the sandbox by that without", 1.2, find_cost),),
)  # fmt: skip


class SandboxFlood(Stages):
    """Honest senders do not change."""


class Network(users.Network):
    """Networks that send GETs."""

    weight = 80


class Webhook(users.Webhook):
    """Networks that POST."""

    weight = 20
