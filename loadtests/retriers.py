"""Senders that repeat a postback as their network does. The rules are in `senders.toml`.

Pauses are multiplied by the scenario's `time_scale`, so that a quarter of an hour passes in seconds.
A timeout is not scaled, because ours are not either.
"""

import itertools

import gevent
from locust.env import Environment

from loadtests.client import now_s
from loadtests.generator import generator
from loadtests.rules import read_rules
from loadtests.users import Network


class Retrier(Network):
    """A network of `senders.toml`; each new user takes the next one."""

    abstract = True
    _names = itertools.cycle(read_rules())

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.name = next(self._names)
        self.rule = read_rules()[self.name]
        self.address, self.client = generator().connect(self.rule.timeout_s)

    def book(self, due_s: float) -> None:
        """Send a new conversion, and again as the rule says."""
        sale = self.make_sale()
        ack = self.send(sale, due_s, "accepted")
        for pause_s in self.rule.pauses_s:
            if not self.rule.repeats(ack):
                return
            gevent.sleep(pause_s * generator().settings.time_scale)
            ack = self.send(sale, now_s(), "accepted|duplicate")

    book_again = book_in_two_steps = book

    def sender_name(self) -> str:
        """The network's name, which the ack log keeps."""
        return self.name
