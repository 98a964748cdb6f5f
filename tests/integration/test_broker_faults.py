"""Changes flow through a worker, a real RabbitMQ and a consumer into lines, whatever happens to the broker."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest

from postledger.outgoing.publishing.message import ConversionEvent, decode
from tests.integration.test_chaos_of_expense_lines import WRONG, Changes
from tests.parts.broker_queue import BrokerQueue
from tests.parts.cli import CommandLine
from tests.parts.consuming import book
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.mapping import FINANCE, RULE
from tests.parts.postgres import Postgres
from tests.parts.publishing import Reader
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until
from tests.parts.worker import Consumer, Worker

WAITING = (
    "SELECT (SELECT count(*) FROM outbox)::integer, count(*)::integer FROM publications WHERE published_at IS NULL"
)
DONE = """
SELECT count(*) > 0 FROM expense_lines JOIN conversions USING (dedup_key) WHERE transaction_id = %s
"""
ENOUGH = 500
MUCH_DISK, USUAL_DISK = "900000GB", "256MB"


class Flow:
    """A ledger, a worker that publishes, a queue with a second one beside it, and a consumer that maps."""

    def __init__(self, cli: CommandLine, url: str, rabbitmq: RabbitMQ) -> None:
        self.cli, self.url, self.rabbitmq = cli, url, rabbitmq
        self.queue, self.copies = BrokerQueue(rabbitmq), BrokerQueue(rabbitmq)
        # Another machine has no key, and never more than these.
        reachable = {"DATABASE_URL": url, **self.queue.environment}
        self.worker = Worker({**cli.environment, **reachable, "POSTLEDGER_MAP_FROM": "broker"})
        self.consumers = [Consumer(reachable)]

    def start(self) -> None:
        """Start it, and keep a copy of every message."""
        applied = self.cli.process("apply", self.cli.write("finance.toml", FINANCE + RULE))
        assert applied.code == 0, applied.err
        self.copies.declare()
        self.worker.start()
        self.consumers[0].start()
        with self.queue.open() as channel:
            channel.queue_bind(self.copies.name, self.queue.exchange, "#")

    def remove(self) -> None:
        """End it."""
        for process in (self.worker, *self.consumers):
            process.remove()

    def replace_consumer(self) -> None:
        """Kill the consumer, and start another one."""
        self.consumers[-1].kill()
        another = Consumer({"DATABASE_URL": self.url, **self.queue.environment})
        self.consumers.append(another)
        another.start()

    def wait_for_line(self, transaction: str) -> None:
        """Wait until a sale has become a line."""
        wait_until(lambda: fetch(self.url, DONE, (transaction,)) == [(True,)], what="the line of a sale")

    def settle(self) -> None:
        """Wait until every change was published, and every message was acknowledged."""
        wait_until(lambda: fetch(self.url, WAITING) == [(0, 0)], what="the publication of every change")
        wait_until(lambda: self.queue.unsettled() == 0, what="the acknowledgement of every message")

    def causes(self, process: Worker) -> set[str]:
        """The causes of failures that a process has logged."""
        return {line["cause"] for line in process.log_lines("failed, and is repeated")}


@pytest.fixture(scope="module")
def flow(
    postgres: Postgres, template: str, rabbitmq: RabbitMQ, master_key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flow]:
    url = create_database(postgres, template=template)
    environment = {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    flow = Flow(CommandLine(environment, tmp_path_factory.mktemp("flow")), url, rabbitmq)
    try:
        flow.start()
        yield flow
    finally:
        flow.remove()
        drop_database(postgres, url)


def test_scenario_28_every_event_arrives_and_none_counts_twice(flow: Flow) -> None:
    """The broker is killed under load, and away as long as it takes for hundreds of changes to wait."""
    with Changes(flow.url):
        wait_until(lambda: fetch(flow.url, "SELECT count(*) > 100 FROM expense_lines") == [(True,)], what="lines")
        flow.rabbitmq.kill()
        wait_until(lambda: fetch(flow.url, WAITING)[0][1] > ENOUGH, what="changes that wait for the broker")
        flow.rabbitmq.start()
        flow.replace_consumer()
    flow.settle()

    assert fetch(flow.url, WRONG) == []
    assert not any(flow.cli.process("finance", "check", "--json").facts.values())
    published = fetch(flow.url, "SELECT dedup_key::text, receipt::text FROM publications")
    assert {(event.dedup_key, event.receipt) for event in take(flow)} >= set(published)
    assert len(published) > ENOUGH


def take(flow: Flow) -> list[ConversionEvent]:
    """Take the copies of all messages, and check that the first ones of each conversion come in order."""
    reader = Reader(flow.rabbitmq.url)
    events = [decode(message.body) for message in reader.take(flow.copies.name)]
    reader.close()
    revisions: dict[str, list[int]] = defaultdict(list)
    for event in events:
        if event.revision not in revisions[event.dedup_key]:
            revisions[event.dedup_key].append(event.revision)
    assert all(one < next_one for known in revisions.values() for one, next_one in pairwise(known))
    return events


def test_changes_wait_while_the_disk_of_the_broker_is_full(flow: Flow) -> None:
    flow.rabbitmq.control("set_disk_free_limit", MUCH_DISK)
    book(flow.url, "full disk")
    wait_until(lambda: "blocked" in flow.causes(flow.worker), what="a worker that reports the full disk")
    waiting = fetch(flow.url, WAITING)

    flow.rabbitmq.control("set_disk_free_limit", USUAL_DISK)

    flow.wait_for_line("full disk")
    assert waiting == [(0, 1)]


def test_a_deleted_queue_is_declared_again(flow: Flow) -> None:
    flow.copies.delete()  # while another queue takes the messages, the broker confirms them
    flow.queue.delete()
    book(flow.url, "deleted queue")

    flow.wait_for_line("deleted queue")
    assert "missing" in flow.causes(flow.consumers[-1])


def test_a_wrong_password_is_reported_and_never_logged(flow: Flow) -> None:
    password = flow.rabbitmq.url.split(":")[2].split("@")[0]
    flow.rabbitmq.control("change_password", "postledger", "another-password")
    flow.rabbitmq.control("close_all_connections", "the password has changed")
    book(flow.url, "wrong password")
    for process in (flow.worker, flow.consumers[-1]):
        wait_until(lambda each=process: "login" in flow.causes(each), what="a report of the login")  # type: ignore[misc]

    flow.rabbitmq.control("change_password", "postledger", password)

    flow.wait_for_line("wrong password")
    assert password not in flow.worker.log_text() + flow.consumers[-1].log_text()
    assert flow.worker.is_healthy()


def test_every_change_became_a_line_in_the_end(flow: Flow) -> None:
    book(flow.url, "last one")
    flow.wait_for_line("last one")
    flow.settle()

    assert fetch(flow.url, WRONG) == []
