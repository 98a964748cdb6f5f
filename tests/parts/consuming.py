"""A ledger with books, whose changes `postledger consume` maps from a queue of the test."""

from collections.abc import Iterator
from contextlib import contextmanager

from postledger.ledger.writer import write_entries
from tests.parts.broker_queue import BrokerQueue
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import USUAL, entry_of
from tests.parts.mapping import configure, open_ledger
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until
from tests.parts.worker import Consumer

LINES = "SELECT count(*)::integer, coalesce(sum(amount), 0)::text FROM expense_lines"


@contextmanager
def open_queue(rabbitmq: RabbitMQ, cli: CommandLine) -> Iterator[BrokerQueue]:
    """Make a queue, and a ledger with books, whose settings lead to it."""
    configure(cli)
    queue = BrokerQueue(rabbitmq)
    queue.declare()
    cli.environment.update(queue.environment)
    del cli.environment["POSTLEDGER_MASTER_KEY"]  # it runs on machines that have none
    yield queue
    queue.delete()


def book(url: str, *transactions: str, **fields: str) -> None:
    """Book one sale of 2.00 for each transaction, or a change of it."""
    sales = [{"transaction_id": each, "payout": "2.00", "affiliate_id": "456", **fields} for each in transactions]
    with open_ledger(url) as ledger:
        write_entries(ledger, [entry_of(click_check=None, rules=USUAL, **sale) for sale in sales])


def mapped(url: str) -> tuple[int, str]:
    """How many lines there are, and their sum."""
    ((count, amount),) = fetch(url, LINES)
    return count, amount


def wait_until_empty(queue: BrokerQueue, consumer: Consumer) -> None:
    """Wait until every message is acknowledged, and end the consumer."""
    wait_until(lambda: queue.unsettled() == 0, what="the acknowledgement of every message")
    consumer.terminate()
    assert consumer.wait() == 0
