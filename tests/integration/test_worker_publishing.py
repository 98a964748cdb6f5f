"""`postledger worker` publishes what is booked, tells nothing of its broker, and waits for one that is away."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from gevent.event import Event

from postledger.bootstrap.publishing import wait_for_others
from postledger.ledger.writer import write_entries
from postledger.outgoing.publishing.publications import try_publisher_lock
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.conversion_events import find_faults
from tests.parts.databases import fetch
from tests.parts.entries import entry_of, new_receipt
from tests.parts.publishing import Reader
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker

NOBODY = "amqp://postledger:s3cret-canary@127.0.0.1:1/"
CANARY = "s3cret-canary"
INSERT = """
INSERT INTO publications (dedup_key, receipt, revision, kind, received_at)
SELECT dedup_key, receipt, revision, kind, received_at FROM outbox RETURNING true
"""
PUBLISH_ONE = """
UPDATE publications SET published_at = received_at
WHERE receipt = (SELECT receipt FROM publications WHERE published_at IS NULL ORDER BY received_at LIMIT 1)
RETURNING true
"""
WAITING = "SELECT count(*) FROM publications WHERE published_at IS NULL"


@pytest.fixture
def broker(rabbitmq: RabbitMQ) -> dict[str, str]:
    name = f"test-{new_receipt()}"
    return {
        "POSTLEDGER_BROKER_URL": rabbitmq.url, "POSTLEDGER_BROKER_EXCHANGE": name, "POSTLEDGER_BROKER_QUEUE": name,
    }  # fmt: skip


def book(url: str, number: int) -> list[str]:
    """Book conversions of a source, and return their receipts."""
    add_source(url, Fernet.generate_key().decode(), "acme")
    entries = [entry_of(transaction_id=f"T{one}", payout="2.50", sub1="x") for one in range(number)]
    with connect(url, name="test", statement_timeout_ms=60_000) as connection:
        write_entries(connection, entries)
    return [entry.receipt for entry in entries]


def test_a_worker_publishes_what_is_booked(
    environment: dict[str, str], database: str, broker: dict[str, str], rabbitmq: RabbitMQ
) -> None:
    password = rabbitmq.url.split(":")[2].split("@")[0]
    with Worker({**environment, **broker}) as worker:
        receipts = book(database, 20)
        wait_until(lambda: len(worker.log_lines("published")) == 20, what="20 messages")
        seen = worker.log_text() + worker.get("/metrics").text + Path(f"/proc/{worker.pid}/cmdline").read_text()

    reader = Reader(rabbitmq.url)
    messages = [json.loads(message.body) for message in reader.take(broker["POSTLEDGER_BROKER_QUEUE"])]
    reader.close()
    assert {message["receipt"] for message in messages} == set(receipts)
    assert [fault for message in messages for fault in find_faults(message)] == []
    assert {message["conversion"]["labels"]["sub1"] for message in messages} == {"x"}
    assert fetch(database, WAITING) == [(0,)]
    assert password not in seen
    assert "2.50" not in seen


def test_a_worker_without_its_broker_is_healthy_and_logs_one_line(environment: dict[str, str], database: str) -> None:
    with Worker({**environment, "POSTLEDGER_BROKER_URL": NOBODY}) as worker:
        book(database, 3)
        wait_until(lambda: fetch(database, WAITING) == [(3,)], what="publications that wait")
        wait_until(lambda: bool(worker.log_lines("failed, and is repeated")), what="the failure")

        assert worker.is_healthy()
        assert 'postledger_jobs_total{result="retried",task="publish"} 0.0' not in worker.get("/metrics").text
        (line,) = worker.log_lines("failed, and is repeated")
        assert (line["loop"], line["cause"]) == ("publish", "unreachable")
        assert CANARY not in worker.log_text()


def test_once_publishes_what_waits(cli: CommandLine, database: str, broker: dict[str, str]) -> None:
    cli.environment.update(broker)
    book(database, 3)

    ran = cli.process("worker", "--once")

    assert ran.code == 0, ran.err
    assert fetch(database, WAITING) == [(0,)]


def test_once_fails_without_its_broker(cli: CommandLine, database: str) -> None:
    cli.environment["POSTLEDGER_BROKER_URL"] = NOBODY
    book(database, 3)

    ran = cli.process("worker", "--once", "--only", "map,publish")

    *log, last = ran.err.splitlines()
    assert (ran.code, last) == (1, "postledger: gave up; the log above says why")
    failed = [json.loads(line) for line in log if "failed" in line]
    assert [line["cause"] for line in failed] == ["unreachable"]
    assert "works again" not in ran.err
    assert CANARY not in ran.err
    assert fetch(database, WAITING) == [(3,)]


def test_once_fails_while_another_worker_publishes_nothing(
    cli: CommandLine, database: str, broker: dict[str, str]
) -> None:
    cli.environment.update(broker)
    book(database, 3)
    with connect(database, name="test", statement_timeout_ms=60_000) as other:
        assert try_publisher_lock(other)
        ran = cli.process("worker", "--once")

    last = ran.err.splitlines()[-1]
    assert (ran.code, last[:34]) == (1, "postledger: 3 changes still wait: ")
    assert "another worker has the right to publish 3 of them" in last


def test_once_fails_if_no_queue_takes_what_waits(cli: CommandLine, database: str, broker: dict[str, str]) -> None:
    cli.environment.update(broker, POSTLEDGER_BROKER_QUEUE="off")
    book(database, 3)

    first, again = cli.process("worker", "--once"), cli.process("worker", "--once", "--only", "publish")

    assert (first.code, again.code) == (1, 1)
    assert "3 changes still wait: the broker returned or refused 3 of them" in first.err.splitlines()[-1]
    assert "3 changes still wait: the broker returned or refused 3 of them" in again.err.splitlines()[-1]


class Turns(Event):
    """Lets another worker publish one more message whenever it is waited for."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def wait(self, *_: Any, **__: Any) -> Any:
        """Publish one."""
        fetch(self._url, PUBLISH_ONE)
        return False


def test_once_waits_for_a_worker_that_publishes(database: str) -> None:
    book(database, 3)
    fetch(database, INSERT)

    wait_for_others(lambda: connect(database, name="test", statement_timeout_ms=60_000), Turns(database))

    assert fetch(database, WAITING) == [(0,)]


def test_without_a_broker_nothing_is_queued(cli: CommandLine, database: str) -> None:
    book(database, 3)

    ran = cli.process("worker", "--once")

    assert ran.code == 0, ran.err
    assert fetch(database, "SELECT count(*) FROM publications") == [(0,)]


@pytest.mark.parametrize("only", ["publish", "map,publish"])
def test_publishing_needs_a_broker(cli: CommandLine, only: str) -> None:
    ran = cli.process("worker", "--only", only)

    assert (ran.code, ran.err) == (1, "postledger: --only publish needs a broker; set POSTLEDGER_BROKER_URL\n")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (f"amqp://u:{CANARY}/@h/v", "POSTLEDGER_BROKER_URL is malformed; use amqp://"),
        (f"ftp://u:{CANARY}@h/v", "POSTLEDGER_BROKER_URL must begin with one of amqp://, amqps://, sqs://"),
        (f"amqp://u:{CANARY}@broker..example/", "POSTLEDGER_BROKER_URL is malformed; use amqp://"),
        (f"redis://:{CANARY}@h/0", "POSTLEDGER_BROKER_URL: redis:// needs a library; install kombu[redis]"),
    ],
)
def test_a_bad_url_is_one_line_without_the_password(cli: CommandLine, url: str, line: str) -> None:
    cli.environment["POSTLEDGER_BROKER_URL"] = url

    ran = cli.process("worker")

    assert ran.code == 1
    assert ran.err.startswith(f"postledger: {line}")
    assert ran.err.count("\n") == 1
    assert CANARY not in ran.err


def test_doctor_checks_the_broker_and_makes_nothing(
    cli: CommandLine, broker: dict[str, str], rabbitmq: RabbitMQ
) -> None:
    name = broker["POSTLEDGER_BROKER_QUEUE"]
    cli.environment.update(broker)
    assert doctor_line(cli).startswith("FAIL  broker            has not the exchange or the queue: start a worker")

    cli.process("worker", "--once", "--only", "publish")

    assert doctor_line(cli) == f"ok    broker            answers, with exchange {name} and queue {name}"
    cli.environment["POSTLEDGER_BROKER_URL"] = NOBODY
    assert doctor_line(cli).startswith(
        "FAIL  broker            does not answer: nothing answers at POSTLEDGER_BROKER_URL"
    )
    cli.environment["POSTLEDGER_BROKER_URL"] = rabbitmq.url_of(CANARY)
    assert doctor_line(cli).startswith("FAIL  broker            rejects the login: ")
    assert CANARY not in cli("doctor").out


def test_doctor_says_nothing_of_a_broker_that_is_not_configured(cli: CommandLine) -> None:
    assert "broker" not in cli("doctor").out


def doctor_line(cli: CommandLine) -> str:
    return next(line for line in cli("doctor").out.splitlines() if line[6:].startswith("broker"))
