"""Attackers: users of a second process, because in one loop with honest senders they would slow these down.

What they forge must be refused, whatever else happens. They come from addresses that no honest sender has.
"""

import random
import socket
from urllib.parse import urlsplit

import gevent
import gevent.socket
import msgspec
from locust import User, task
from locust.env import Environment

from loadtests.acks import FORGED, PROBE, TRIED
from loadtests.client import Request, now_s
from loadtests.generator import Sale, generator, report
from loadtests.stack import PARTNER
from loadtests.users import write_get

REFUSED = "bad_signature|missing_signature|rate_limited|stale_timestamp|unavailable"
PROBED = "unknown_source|not_found|malformed|missing_signature|bad_signature|rate_limited|payload_too_large|unavailable"


class Attacker(User):
    """Sends as fast as it is answered."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.chance = random.Random(generator().chance.random())
        self.address, self.client = generator().connect()

    def attack(self, request: Request, sale: Sale, source: str, expected: str) -> None:
        """Send one request and record its answer."""
        due_s = now_s()
        answer = self.client.send(request)
        report(
            self.environment.events.request.fire,
            sale,
            answer,
            due_s,
            source,
            f"{type(self).__name__} {self.address}",
            expected,
        )

    def make_forgery(self) -> Sale:
        """Make up a conversion that would be worth a lot, with a click that exists."""
        shared = generator()
        return Sale(f"evil-{shared.next_transaction()}", shared.choose_click(), "999.99", "EUR", kind=FORGED)


class Forger(Attacker):
    """Signs with a secret that is not the source's."""

    abstract = True

    @task
    def forge(self) -> None:
        """One forged postback."""
        sale = self.make_forgery()
        self.attack(write_get("load-get", "not the secret of anybody", sale), sale, "load-get", REFUSED)


class Flooder(Attacker):
    """Sends unsigned bodies of 64 KiB that are expensive to read."""

    abstract = True
    BODY = b'{"v":"2","z":[' + b"1," * 32_000 + b"1]}"

    @task
    def flood(self) -> None:
        """One large body."""
        sale = self.make_forgery()
        body = Request("/tracking/postback/load-webhook", "POST", self.BODY, {"Content-Type": "application/json"})
        self.attack(body, sale, "load-webhook", REFUSED)


class Prober(Attacker):
    """Asks for sources and paths that do not exist."""

    abstract = True
    PATHS = (
        "/tracking/postback/nobody?click_id=1",
        "/wp-login.php",
        "/%2e%2e/etc/passwd",
        "/tracking/postback",
        "/metrics",
    )

    @task
    def probe(self) -> None:
        """One request that belongs nowhere."""
        sale = msgspec.structs.replace(self.make_forgery(), kind=PROBE)
        self.attack(Request(self.chance.choice(self.PATHS)), sale, "", PROBED)


class SandboxFlooder(Attacker):
    """Floods the sandbox with forgeries, and looks up receipts with a token of no one."""

    abstract = True
    TOKEN = f"Bearer plt_{'a' * 43}"

    @task
    def flood(self) -> None:
        """One forged postback."""
        sale = msgspec.structs.replace(self.make_forgery(), kind=TRIED)
        sent = write_get(PARTNER, "not the secret of anybody", sale)
        target = sent.target.replace("/tracking/", "/sandbox/", 1)
        self.attack(Request(target, headers=sent.headers), sale, PARTNER, REFUSED)

    @task
    def look_up(self) -> None:
        """One receipt of somebody."""
        sale = msgspec.structs.replace(self.make_forgery(), kind=PROBE)
        self.attack(
            Request("/receipts/01981c1b-9c80-7abc-8abc-0123456789ab", headers={"Authorization": self.TOKEN}),
            sale,
            "",
            REFUSED,
        )


class SlowHeaders(Attacker):
    """Opens connections and sends one byte of a header a second, for ever."""

    abstract = True

    @task
    def trickle(self) -> None:
        """One connection that never finishes its request."""
        parts = urlsplit(generator().settings.edge_url)
        with gevent.socket.socket(socket.AF_INET) as plain:
            plain.bind((self.address, 0))
            plain.connect(("127.0.0.1", parts.port))
            for byte in b"\x16\x03\x01\x02\x00\x01":
                plain.send(bytes([byte]))
                gevent.sleep(1)
