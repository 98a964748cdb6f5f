"""No leak on the way to the broker: canaries go through worker, broker and consumer, and none escapes.

Messages are left out, because they carry the payout on purpose. All else is searched: the logs and metrics of worker,
consumer and RabbitMQ, process lists, the table of publications, and what doctor and the commands print.
"""

import secrets
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from postledger.ledger.writer import write_entries
from tests.acceptance.canaries import Canaries
from tests.acceptance.evidence import SignatureInput
from tests.parts.broker_queue import BrokerQueue
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, open_ledger
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until
from tests.parts.worker import Consumer, Worker

SIGNATURE = secrets.token_hex(32)
LINES = "SELECT count(*)::integer FROM expense_lines"


@pytest.fixture
def canaries(master_key: str, rabbitmq: RabbitMQ) -> Canaries:
    """Canaries, and the secrets of the ledger and of the broker."""
    canaries = Canaries()
    canaries.watch("master key", master_key)
    canaries.watch("broker password", password_of(rabbitmq.url))
    canaries.watch("signature", SIGNATURE)
    return canaries


@pytest.fixture
def queue(rabbitmq: RabbitMQ, cli: CommandLine) -> Iterator[BrokerQueue]:
    """A queue, and settings that lead to it."""
    configure(cli)
    queue = BrokerQueue(rabbitmq)
    queue.declare()
    cli.environment.update(queue.environment, POSTLEDGER_MAP_FROM="broker")
    yield queue
    queue.delete()


def password_of(url: str) -> str:
    return url.split(":")[2].partition("@")[0]


def test_nothing_escapes_between_worker_and_consumer(
    cli: CommandLine, database: str, queue: BrokerQueue, rabbitmq: RabbitMQ, canaries: Canaries
) -> None:
    evidence = SignatureInput()
    queue.put(f'{{"payout": "{canaries.payout}", "email": "{canaries.email}", "{canaries.secret}'.encode())

    with Worker(cli.environment) as worker, Consumer(cli.environment) as consumer:
        receipt = book(database, canaries)
        wait_until(lambda: fetch(database, LINES) == [(1,)], what="a line")
        wait_until(lambda: bool(consumer.log_lines("rejected messages")), what="a message that cannot be read")
        evidence.add_processes()
        for process in (worker, consumer):
            for path in ("/metrics", "/healthz", f"/{canaries.secret}?payout={canaries.payout}"):
                evidence.add(f"{process.command} {path}", process.get(path).content)
            process.terminate()
            process.wait()
            evidence.add_tree(process.home)
        logged = [*worker.log_lines("published"), *consumer.log_lines("mapped")]
    evidence.add("broker's log", rabbitmq.log_text())
    evidence.add("table publications", str(fetch(database, "SELECT * FROM publications")))
    for command in (("doctor",), ("jobs", "list", "--json")):
        ran = cli(*command)
        evidence.add(" ".join(command), ran.out + ran.err)

    assert evidence.leaks(canaries) == []
    assert [line["receipt"] for line in logged] == [receipt, receipt]


def test_a_password_that_is_wrong_is_printed_nowhere(
    cli: CommandLine, database: str, rabbitmq: RabbitMQ, canaries: Canaries
) -> None:
    evidence, url = SignatureInput(), rabbitmq.url_of(canaries.secret)
    cli.environment["POSTLEDGER_BROKER_URL"] = url
    book(database, canaries)

    with Worker(cli.environment) as worker, Consumer(cli.environment) as consumer:
        for process in (worker, consumer):
            wait_until(lambda process=process: has_failed(process), what="a login that is rejected")  # type: ignore[misc]
            evidence.add(f"{process.command} /healthz", process.get("/healthz").content)
            evidence.add_tree(process.home)
        evidence.add_processes()
    for command in (("doctor", "--json"), ("worker", "--once", "--only", "map,publish")):
        ran = cli.process(*command)
        evidence.add(" ".join(command), ran.out + ran.err)
    spoiled = (f"amqp://u:{canaries.secret}/@h", f"amqp://u:{canaries.secret}@h:port", f"amqp:{canaries.secret}")
    for name, bad in zip(("doctor", "worker", "consume"), spoiled, strict=True):
        cli.environment["POSTLEDGER_BROKER_URL"] = bad
        ran = cli.process(name)
        assert ran.code != 0
        evidence.add(name, ran.out + ran.err)

    assert evidence.leaks(canaries) == []


def book(database: str, canaries: Canaries) -> str:
    """Book a conversion with canaries in it, and return its receipt."""
    raw = f"token={canaries.secret}&sig={SIGNATURE}&payout={canaries.payout}".encode()
    booked = entry_of(transaction_id="T1", payout=canaries.payout, sub1=canaries.email, affiliate_id="456")
    entry = replace(booked, raw=raw)
    with open_ledger(database) as ledger:
        write_entries(ledger, [entry])
    return entry.receipt


def has_failed(process: Worker) -> bool:
    """Whether the process has logged that the broker rejects its login."""
    return any(line["cause"] == "login" for line in process.log_lines("failed, and is repeated"))
