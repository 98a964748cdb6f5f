"""A usual day: 300 requests a second from sixty senders of every kind."""

from loadtests import partner, users
from loadtests.scenario import PARTNER_IS_SERVED, Scenario, p99_due_below
from loadtests.shapes import Stages

SCENARIO = Scenario(
    says="60 senders of every kind, 300 requests a second, 5 % repeats, 2 % changes of status",
    rate=300, senders=60, duration_s=60, short_s=6, short_rate=60,
    timings=(p99_due_below(0.100),), counts=(PARTNER_IS_SERVED,),
)  # fmt: skip


class Steady(Stages):
    """The same load all the time."""


class Network(users.Network):
    """Six in ten."""

    weight = 60


class Webhook(users.Webhook):
    """POSTs of JSON."""

    weight = 15


class Dialect(users.Dialect):
    """Addresses of another tracker."""

    weight = 10


class Offerwall(users.Offerwall):
    """MD5 over an id."""

    weight = 5


class Clicker(users.Clicker):
    """Visitors who click and convert."""

    weight = 10


class Partner(partner.Partner):
    """One who tries the sandbox."""
