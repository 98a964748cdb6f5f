"""The end of a month beside a load: a report is imported, reconciled and exported, and a replay is tried."""

from loadtests import users
from loadtests.month import (
    IMPORTED,
    LISTED,
    OVER,
    QUIET,
    RECONCILED,
    REPLAYED,
    count_unfinished,
    find_slowdown,
    import_month,
    list_month,
    prepare_month,
    reconcile_month,
    replay_month,
)
from loadtests.scenario import Count, Disturbance, Scenario, Timing
from loadtests.shapes import Stages

SCENARIO = Scenario(
    says="150 requests a second, while a report of a million lines is imported, reconciled and exported",
    rate=150, senders=30, duration_s=240, short_s=15, short_rate=30,
    prepare=prepare_month,
    disturbances=(
        Disturbance(0.02, QUIET, lambda _stack: None),
        Disturbance(0.14, IMPORTED, import_month),
        Disturbance(0.14, RECONCILED, reconcile_month),
        Disturbance(0.14, LISTED, list_month),
        Disturbance(0.14, REPLAYED, replay_month),
        Disturbance(0.14, OVER, lambda _stack: None),
    ),
    timings=(Timing("p99 beside the month's end by that without", 2.0, find_slowdown),),
    counts=(Count("commands of the month's end that did not end well in time", count_unfinished, only_full=True),),
)  # fmt: skip


class MonthEnd(Stages):
    """The same load all the time."""


class Network(users.Network):
    """Networks that send GETs."""

    weight = 80


class Webhook(users.Webhook):
    """Networks that POST."""

    weight = 20
