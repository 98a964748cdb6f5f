"""What the users of one Locust process share: settings, addresses, ids, clicks, and the ack log."""

import itertools
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache

import gevent
import msgspec
from locust import events

from loadtests.acks import POSTBACK, Ack, AckLog
from loadtests.client import Answer, Client, trust
from loadtests.clock import LoopLag
from loadtests.generator_report import Honesty
from loadtests.run_settings import RunSettings, read_run_settings
from loadtests.stack import PARTNER

FLUSH_S = 1.0
LAST_ANSWERS_WITHIN_S = 10.0
"""A request that waits longer for its response than this was given up by its client."""
RECENT = 200
HONEST, ATTACKERS = range(1, 64), range(66, 128)


class Generator:
    """The generator's half of a run, one for each Locust process."""

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self.chance = random.Random(f"{settings.seed}-{settings.part}")
        self.clicks = settings.clicks_file.read_text().split()
        self.lag = LoopLag()
        self._tls = trust(str(settings.ca_file))
        self._acks = AckLog(settings.folder / f"acks-{settings.part}-{os.getpid()}.tsv")
        self._clients: list[Client] = []
        self._addresses = _list_addresses(HONEST if settings.part == "honest" else ATTACKERS)
        self._numbers = itertools.count(1)
        self.booked = deque[str](maxlen=RECENT)
        """Receipts of the newest conversions of the partner's source."""
        self._flushing = gevent.Greenlet(self._flush_for_ever)
        self._started_s, self._started_cpu_s = time.monotonic(), time.process_time()

    def connect(self, timeout_s: float = 10.0) -> tuple[str, Client]:
        """Make a client with the next free address; return both."""
        address = next(self._addresses)
        self._clients.append(Client(self.settings.edge_url, self._tls, address, timeout_s))
        return address, self._clients[-1]

    def next_transaction(self) -> str:
        """Make a transaction id that no other run, process or sender uses; it begins at random, as real ones do."""
        return f"{self.chance.getrandbits(32):08x}-{os.getpid()}-{next(self._numbers)}"

    def choose_click(self) -> str:
        """Choose one of the imported clicks."""
        return self.chance.choice(self.clicks)

    def write(self, ack: Ack) -> None:
        """Write one ack."""
        self._acks.write(ack)

    def work(self) -> None:
        """Start what runs beside the users: writing the ack log out, and measuring the loop's lag."""
        self._flushing.start()
        gevent.spawn(self.lag.measure)

    def finish(self) -> None:
        """Write everything out, and how busy this process was.

        An overloaded generator still has requests out when Locust quits. Their answers belong to the log, and after it
        no request may be sent.
        """
        for client in self._clients:
            client.send_no_more()
        deadline_s = time.monotonic() + LAST_ANSWERS_WITHIN_S
        while any(client.under_way for client in self._clients) and time.monotonic() < deadline_s:
            gevent.sleep(0.05)
        self._flushing.kill()
        self._acks.close()
        passed_s = time.monotonic() - self._started_s
        honesty = Honesty(self.settings.part, self.lag.p99_s(), (time.process_time() - self._started_cpu_s) / passed_s)
        path = self.settings.folder / f"generator-{self.settings.part}-{os.getpid()}.json"
        path.write_bytes(msgspec.json.encode(honesty))

    def _flush_for_ever(self) -> None:
        while True:
            gevent.sleep(FLUSH_S)
            self._acks.flush()


@cache
def generator() -> Generator:
    """Return this process' generator; the first call makes it."""
    return Generator(read_run_settings())


def _begin(**_: object) -> None:
    generator().work()


def _end(**_: object) -> None:
    generator().finish()


events.test_start.add_listener(_begin)  # type: ignore[no-untyped-call]
events.quitting.add_listener(_end)  # type: ignore[no-untyped-call]


class Sale(msgspec.Struct, frozen=True):
    """A conversion that a sender reports. `payout` is written as it is sent."""

    transaction: str
    click: str
    payout: str
    currency: str
    event: str = "sale"
    status: str = "approved"
    kind: str = POSTBACK


def report(  # noqa: PLR0917
    fire: Callable[..., object],
    sale: Sale,
    answer: Answer,
    due_s: float,
    source: str,
    sender: str,
    expected: str,
    read: Callable[[Answer], tuple[str, str, str]] | None = None,
) -> Ack:
    """Write the ack of an answer. Fire Locust's event twice: from when it was due and, as `service`, from sending.

    `read` reads an answer that is not one to a postback: a word for what it says, the reason, and the receipt.
    """
    said, reason, receipt = (read or _read)(answer)
    if said == "accepted" and sale.kind == POSTBACK and source == PARTNER:
        generator().booked.append(receipt)
    ack = Ack(
        receipt, due_s, answer.sent_s, answer.took_s, answer.http, said, reason, sale.transaction, sale.payout,
        sale.currency, sale.kind, source, sale.event, sale.status, sale.click, sender, expected,
    )  # fmt: skip
    generator().write(ack)
    wrong = None if ack.is_expected else RuntimeError(f"{answer.http} {said or answer.error} {reason}".strip())
    for kind, since_s in ((source, due_s), ("service", answer.sent_s)):
        fire(
            request_type=kind, name=sale.kind, response_time=(answer.sent_s + answer.took_s - since_s) * 1000,
            response_length=len(answer.body), exception=wrong, context={},
        )  # fmt: skip
    return ack


class _Body(msgspec.Struct):
    status: str = ""
    id: str = ""
    reason: str = ""


def _read(answer: Answer) -> tuple[str, str, str]:
    if not answer.http:
        return "", answer.error, ""
    if answer.http == 302:
        return "redirected", "", ""
    try:
        body = msgspec.json.decode(answer.body, type=_Body)
    except msgspec.DecodeError:
        return "", "", ""
    return body.status, body.reason, body.id


def _list_addresses(networks: range) -> Iterator[str]:
    own = 2 + os.getpid() % 250
    for number in itertools.count():
        yield f"127.{networks[number % len(networks)]}.{number // len(networks) % 256}.{own}"
