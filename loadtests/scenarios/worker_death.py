"""Every few seconds a worker of the backend is killed while it works."""

import gevent

from loadtests import users
from loadtests.client import now_s
from loadtests.history import Run
from loadtests.scenario import Count, Disturbance, Scenario
from loadtests.shapes import Stages
from loadtests.stack import kill_worker

DEATHS = 8


def _other_than_503(run: Run) -> int:
    return sum(ack.http >= 500 and ack.http != 503 for ack in run.honest())


SCENARIO = Scenario(
    says="200 requests a second, and kill -9 of a worker again and again",
    rate=200, senders=40, duration_s=45, short_s=10, short_rate=50, may_fail=True,
    disturbances=[Disturbance((number + 1) / (DEATHS + 1), "a worker killed", kill_worker) for number in range(DEATHS)],
    counts=(Count("answers 5xx other than 503", _other_than_503),),
)  # fmt: skip


class WorkerDeath(Stages):
    """The same load all the time."""


class Network(users.Network):
    """Networks that repeat until they are answered."""

    def book(self, due_s: float) -> None:
        """Send a new conversion; a repeat of one that was booked without an answer is a duplicate."""
        sale = self.make_sale()
        ack = self.send(sale, due_s, "accepted")
        while ack.is_unknown:
            gevent.sleep(1)
            ack = self.send(sale, now_s(), "accepted|duplicate")
