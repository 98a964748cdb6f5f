"""Who sends: networks, offerwalls and visitors, each a Locust user with an address and a clock of its own.

A task starts the work of one arrival in a greenlet and returns, so that a slow response delays no later arrival.
A scenario subclasses these and gives each its `weight`.
"""

import random
from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import gevent
import msgspec
from gevent.pool import Group
from locust import User, task
from locust.env import Environment

from loadtests.acks import CLICK, Ack
from loadtests.client import Answer, Request, now_s
from loadtests.clock import PoissonClock
from loadtests.generator import Sale, generator, report
from loadtests.signing import sign_cpx, sign_query, sign_webhook

RECENT = 200


class Sender(User):
    """A sender of postbacks: most are new, 5 % are repeated, 2 % change the status of an earlier one."""

    abstract = True
    source = ""
    currency = "EUR"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        shared = generator()
        self.chance = random.Random(shared.chance.random())
        self.address, self.client = shared.connect()
        self.secret = shared.settings.secrets[self.source]
        self.clock = PoissonClock(shared.settings.rate, self.chance, now_s())
        self.under_way = Group()
        self.recent: deque[Sale] = deque(maxlen=RECENT)

    def wait_time(self) -> float:
        """The seconds until the next arrival is due."""
        return self.clock.advance(now_s())

    def on_stop(self) -> None:
        """Wait for the answers that are still out."""
        self.under_way.join(timeout=generator().settings.last_answers_s)

    def arrive(self, work: Callable[[float], object]) -> None:
        """Start the work of one arrival, with the time at which it was due."""
        self.under_way.start(gevent.Greenlet(work, self.clock.due_s))

    @task(93)
    def sell(self) -> None:
        """A new conversion."""
        self.arrive(self.book)

    @task(5)
    def repeat(self) -> None:
        """The same postback again, as networks do that missed our response."""
        self.arrive(self.book_again)

    @task(2)
    def change(self) -> None:
        """A conversion that is pending first and approved then."""
        self.arrive(self.book_in_two_steps)

    def make_sale(self) -> Sale:
        """Make up a conversion of an imported click."""
        shared = generator()
        payout = f"{self.chance.randrange(100)}.{self.chance.randrange(100):02d}"
        return Sale(shared.next_transaction(), shared.choose_click(), payout, self.currency)

    def write(self, sale: Sale) -> Request:
        """Write the request of a conversion, signed, as this kind of sender does."""
        raise NotImplementedError

    def send(self, sale: Sale, due_s: float, expected: str) -> Ack:
        """Send one request and record its answer."""
        answer = self.client.send(self.write(sale))
        return self.record(sale, answer, due_s, expected)

    def record(self, sale: Sale, answer: Answer, due_s: float, expected: str) -> Ack:
        """Record the answer to one request."""
        fire = self.environment.events.request.fire
        return report(fire, sale, answer, due_s, self.source, self.sender_name(), expected)

    def sender_name(self) -> str:
        """What the ack log calls this sender."""
        return type(self).__name__

    def book(self, due_s: float) -> None:
        """Send a new conversion."""
        sale = self.make_sale()
        if self.send(sale, due_s, "accepted").said == "accepted":
            self.recent.append(sale)

    def book_again(self, due_s: float) -> None:
        """Send a conversion of before, or a new one if there is none yet."""
        if self.recent:
            self.send(self.chance.choice(self.recent), due_s, "duplicate")
        else:
            self.book(due_s)

    def book_in_two_steps(self, due_s: float) -> None:
        """Send a pending conversion, then its approval."""
        sale = msgspec.structs.replace(self.make_sale(), status="pending")
        if self.send(sale, due_s, "accepted").said == "accepted":
            self.send(msgspec.structs.replace(sale, status="approved"), now_s(), "updated")


class Network(Sender):
    """Signs with postledger-v1 and sends a GET."""

    abstract = True
    source = "load-get"

    def write(self, sale: Sale) -> Request:
        """Write a signed GET."""
        return write_get(self.source, self.secret, sale)


class Webhook(Sender):
    """Signs as Standard Webhooks asks for and POSTs JSON."""

    abstract = True
    source = "load-webhook"

    def write(self, sale: Sale) -> Request:
        """Write a signed POST."""
        at_s = int(now_s())
        body = msgspec.json.encode(_canonical(sale))
        headers = sign_webhook(self.secret, f"msg_{sale.transaction}", at_s, body)
        return Request(
            f"/tracking/postback/{self.source}", "POST", body, {"Content-Type": "application/json", **headers}
        )


class Dialect(Sender):
    """Uses an address that Keitaro gave out; the key in its path is the secret."""

    abstract = True
    source = "load-keitaro"

    def write(self, sale: Sale) -> Request:
        """Write a GET with Keitaro's names."""
        word = {"approved": "sale", "pending": "lead"}[sale.status]
        query = urlencode({"subid": sale.click, "tid": sale.transaction, "payout": sale.payout, "status": word})
        return Request(f"/{self.secret}/postback?{query}")


class Offerwall(Sender):
    """Signs the transaction id alone, as CPX Research does; it knows no pending conversion."""

    abstract = True
    source = "load-cpx"
    currency = "USD"

    def book_in_two_steps(self, due_s: float) -> None:
        """Send a new conversion, because there are no two steps here."""
        self.book(due_s)

    def write(self, sale: Sale) -> Request:
        """Write a GET with the names of CPX Research."""
        fields = {
            "subid_1": sale.click, "trans_id": sale.transaction, "amount_usd": sale.payout, "status": "1",
            "secure_hash": sign_cpx(self.secret, sale.transaction),
        }  # fmt: skip
        return Request(f"/tracking/postback/{self.source}?{urlencode(fields)}")


class Clicker(Network):
    """A visitor clicks, thinks, and converts; the postback carries the click id of the redirect."""

    abstract = True
    think_s = (0.2, 2.0)

    def book(self, due_s: float) -> None:
        """Click, and convert a little later."""
        visit = msgspec.structs.replace(self.make_sale(), kind=CLICK, transaction="", payout="", currency="")
        answer = self.client.send(Request(f"/click/load?aff=456&sub1={self.address}"))
        click = read_click_id(answer)
        self.record(msgspec.structs.replace(visit, click=click), answer, due_s, "redirected")
        gevent.sleep(self.chance.uniform(*self.think_s))
        if click:
            sale = msgspec.structs.replace(self.make_sale(), click=click)
            self.send(sale, now_s(), "accepted")


def write_get(source: str, secret: str, sale: Sale) -> Request:
    """Write a GET of postledger-v1."""
    query = urlencode({**_canonical(sale), "ts": int(now_s())})
    return Request(f"/tracking/postback/{source}?{sign_query(secret, query)}")


def read_click_id(answer: Answer) -> str:
    """Read the click id from a redirect to the campaign's destination; empty if there is none."""
    query = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    return query.get("cid", [""])[0]


def _canonical(sale: Sale) -> dict[str, str]:
    return {
        "click_id": sale.click, "transaction_id": sale.transaction, "payout": sale.payout, "currency": sale.currency,
        "event": sale.event, "status": sale.status,
    }  # fmt: skip
