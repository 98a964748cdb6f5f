"""Hours of an ordinary load, while the policy changes every minute: does anything grow?"""

from loadtests import users
from loadtests.history import Run, find_growth, percentile
from loadtests.scenario import Disturbance, Scenario, Timing
from loadtests.shapes import Stages
from loadtests.stack import Stack

CHANGES = 120
PARTS = ("backend", "edge")


def _change_policy(stack: Stack) -> None:
    document = stack.var / "soak.toml"
    number = int(document.read_text().count("#")) + 1 if document.exists() else 1
    document.write_text("#" * number + f'\n[[affiliates]]\nid = "soak"\nname = "Soak {number}"\n')
    stack.command("apply", str(document))


def _growth(run: Run) -> float:
    return find_growth(run, PARTS)


def _last_by_second_tenth(run: Run) -> float:
    early, late = (percentile([ack.took for ack in run.honest(*part)], 0.99) for part in ((0.1, 0.2), (0.9, 1.0)))
    return late / early if early else 0.0


SCENARIO = Scenario(
    says="150 requests a second for two hours, with a change of the policy every minute",
    rate=150, senders=30, duration_s=7200, short_s=10, short_rate=30,
    disturbances=[Disturbance(number / CHANGES, "policy changed", _change_policy) for number in range(1, CHANGES)],
    timings=(
        Timing("MiB an hour that backend or edge grow by", 1.0, _growth, needs_quiet=False),
        Timing("p99 of the last tenth by that of the second", 1.3, _last_by_second_tenth),
    ),
)  # fmt: skip


class Soak(Stages):
    """The same load all the time."""


class Network(users.Network):
    """Networks that send GETs."""

    weight = 80


class Webhook(users.Webhook):
    """Networks that POST."""

    weight = 20
