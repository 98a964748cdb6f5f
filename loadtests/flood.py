"""A flood of the sandbox at a fixed rate, in every other turn of a run."""

import random

import gevent
from gevent.pool import Group
from locust import User, task
from locust.env import Environment

from loadtests.acks import TRIED
from loadtests.client import Request, now_s
from loadtests.clock import PoissonClock
from loadtests.flood_turns import FLOODERS, RATE, is_flooded
from loadtests.generator import Sale, generator, report
from loadtests.stack import PARTNER
from loadtests.users import write_get

REFUSED = "bad_signature|rate_limited|unavailable"


class Flooder(User):
    """Sends forgeries to the sandbox, when they are due and however slow the answers are."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.chance = random.Random(generator().chance.random())
        self.address, self.client = generator().connect()
        self.began_s = now_s()
        self.clock = PoissonClock(RATE / FLOODERS, self.chance, self.began_s)
        self.under_way = Group()

    def wait_time(self) -> float:
        """The seconds until the next request is due."""
        return self.clock.advance(now_s())

    def on_stop(self) -> None:
        """Wait for the answers that are still out."""
        self.under_way.join(timeout=generator().settings.last_answers_s)

    def list_headers(self) -> dict[str, str]:
        """List the header fields of a request."""
        return {}

    @task
    def flood(self) -> None:
        """One request, in every other turn."""
        due_s = self.clock.due_s
        if is_flooded((due_s - self.began_s) / generator().settings.duration_s):
            self.under_way.start(gevent.Greenlet(self._send, due_s))

    def _send(self, due_s: float) -> None:
        shared = generator()
        sale = Sale(f"evil-{shared.next_transaction()}", shared.choose_click(), "999.99", "EUR", kind=TRIED)
        sent = write_get(PARTNER, "not the secret of anybody", sale)
        target = sent.target.replace("/tracking/", "/sandbox/", 1)
        answer = self.client.send(Request(target, headers=self.list_headers()))
        report(self.environment.events.request.fire, sale, answer, due_s, PARTNER, type(self).__name__, REFUSED)


class Partner(Flooder):
    """The same with a token: each wrong signature is tried with all usual mistakes."""

    abstract = True

    def list_headers(self) -> dict[str, str]:
        """List the header fields of a request: the token."""
        return {"Authorization": f"Bearer {generator().settings.partner_token}"}
