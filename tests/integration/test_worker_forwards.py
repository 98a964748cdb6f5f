"""`postledger worker` sends booked changes to the forwards, also when it is stopped or killed meanwhile."""

import json
import threading
from collections.abc import Iterator

import pytest

from postledger.ledger.writer import write_entries
from postledger.outgoing.rules.forward import Forward
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.forwarding import store_forward
from tests.parts.sinks import Asked, Reply, Sink
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker

SECRET = "s3cret-of-the-partner"


class Held:
    """A receiver that answers once it may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def __call__(self, _: Asked) -> Reply:
        """Wait."""
        self.may_answer.wait()
        return Reply()


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.may_answer.set()


def book(database: str, master_key: str, sink: Sink) -> str:
    """Book a conversion on a ledger with one forward, and give its receipt."""
    add_source(database, master_key, "acme")
    entry = entry_of(transaction_id="TXN789", payout="31.41")
    forward = Forward("voluum", sink.url + "/p?txid={transaction_id}&sum={payout}&key={secret}", allow_private=True)
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        store_forward(ledger, forward, Keyring([master_key]).encrypt(SECRET))
        write_entries(ledger, [entry])
    return entry.receipt


def states(database: str) -> list[tuple[str, int]]:
    """State and number of attempts of each delivery."""
    return [(state, attempts) for state, attempts in fetch(database, "SELECT state, attempts FROM deliveries")]


def test_a_booked_conversion_arrives_at_its_forward(cli: CommandLine, database: str, master_key: str) -> None:
    with Sink() as sink:
        receipt = book(database, master_key, sink)
        ran = cli.process("worker", "--once")

    assert (ran.code, sink.targets) == (0, [f"/p?txid=TXN789&sum=31.41&key={SECRET}"])
    assert states(database) == [("delivered", 1)]
    (logged,) = [line for line in map(json.loads, ran.err.splitlines()) if line["event"] == "forwarded"]
    assert (logged["receipt"], logged["forward"], logged["outcome"]) == (receipt, "voluum", "delivered")


def test_changes_that_wait_together_are_sent_in_order(cli: CommandLine, database: str, master_key: str) -> None:
    with Sink() as sink, connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        add_source(database, master_key, "acme")
        store_forward(ledger, Forward("voluum", sink.url + "/{status}?sum={payout}", allow_private=True))
        for status in ("pending", "approved", "reversed"):
            write_entries(ledger, [entry_of(transaction_id="TXN789", payout="9.50", status=status)])
        ran = cli.process("worker", "--once")

    assert (ran.code, sink.targets) == (0, ["/pending?sum=9.50", "/approved?sum=9.50", "/reversed?sum=9.50"])


def test_a_stop_finishes_what_is_sent_and_logs_no_secret(
    environment: dict[str, str], database: str, master_key: str, held: Held
) -> None:
    with Sink(held) as sink, Worker(environment) as worker:
        book(database, master_key, sink)
        wait_until(lambda: len(sink.asked) == 1, what="the request")
        worker.terminate()
        held.may_answer.set()

        assert worker.wait() == 0
        assert states(database) == [("delivered", 1)]
        assert [line["http_status"] for line in worker.log_lines("forwarded")] == [200]
        assert not [word for word in (SECRET, "31.41", sink.url) if word in worker.log_text()]


def test_a_killed_worker_loses_nothing(environment: dict[str, str], database: str, master_key: str, held: Held) -> None:
    with Sink(held) as sink:
        with Worker(environment) as worker:
            book(database, master_key, sink)
            wait_until(lambda: len(sink.asked) == 1, what="the request")
            worker.kill()
        held.may_answer.set()
        assert states(database) == [("waiting", 0)]
        assert fetch(database, "UPDATE deliveries SET leased_until = now() RETURNING true") == [
            (True,)
        ]  # a minute passes

        with Worker(environment):
            wait_until(lambda: states(database) == [("delivered", 1)], what="the second attempt")

    first, second = [asked.headers["webhook-id"] for asked in sink.asked]
    assert first == second
