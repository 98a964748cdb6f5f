"""The broker is down while postbacks come: the worker's memory stays flat, and afterwards every change arrives, once.

`AWAY_S` is shortened. docs/queue.md has the figures of ten minutes.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from postledger.ledger.writer import write_entries
from tests.drills.promises import Promises
from tests.parts.broker_queue import BrokerQueue
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, open_ledger
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until
from tests.parts.worker import Consumer, Worker

AWAY_S, PER_S, BEFORE = 20, 500, 2_000
CATCH_UP_S = 60
FLAT_MIB = 12
BATCH = 50
WAITING = "SELECT count(*) FROM publications WHERE published_at IS NULL"
UNPUBLISHED = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM publications WHERE published_at IS NULL)"
LINES = "SELECT count(*), count(DISTINCT dedup_key), sum(amount)::text FROM expense_lines"


class Figures(msgspec.Struct, frozen=True):
    """What one outage of the broker cost."""

    changes: int
    waited: int
    mib_before: float
    mib_away: float
    mib_after: float
    caught_up_s: float
    lines: tuple[int, int, str]


@pytest.fixture
def cli(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """Commands for the ledger of the drill."""
    return CommandLine(environment, tmp_path)


@pytest.fixture
def node() -> Iterator[RabbitMQ]:
    """A RabbitMQ of the drill's own, because it is killed."""
    with RabbitMQ() as node:
        yield node


def test_the_broker_is_away_under_load(cli: CommandLine, database: str, node: RabbitMQ, promises: Promises) -> None:
    figures = let_broker_be_away(cli, database, node, AWAY_S)

    assert figures.waited >= figures.changes - BEFORE
    assert max(figures.mib_away, figures.mib_after) <= figures.mib_before + FLAT_MIB
    assert figures.lines == (figures.changes, figures.changes, f"{figures.changes * 2}.00"), "none twice"
    promises.keep("all is published after the broker was away", figures.caught_up_s, CATCH_UP_S)


def let_broker_be_away(cli: CommandLine, database: str, node: RabbitMQ, away_s: int) -> Figures:
    """Kill the broker, book at a steady rate, start it again, and wait until the consumer has mapped everything."""
    configure(cli)
    queue = BrokerQueue(node)
    cli.environment.update(queue.environment, POSTLEDGER_MAP_FROM="broker")
    with Worker(cli.environment) as worker, Consumer(cli.environment):
        book(database, "before", BEFORE)
        wait_until(lambda: fetch(database, UNPUBLISHED) == [(0,)], what="what is published before")
        before = worker.memory_mib()
        node.kill()
        away = book_steadily(database, worker, away_s)
        wait_until(lambda: fetch(database, "SELECT count(*) FROM outbox") == [(0,)], what="an empty outbox")
        ((waited,),) = fetch(database, WAITING)
        node.start()
        started_s, after = time.monotonic(), [worker.memory_mib()]
        wait_until(lambda: is_published(database, worker, after), timeout_s=900, what="what waited")
        caught_up_s = time.monotonic() - started_s
        changes = BEFORE + away_s * PER_S
        wait_until(lambda: fetch(database, LINES)[0][0] >= changes, timeout_s=900, what="the consumer")
        wait_until(lambda: queue.count() == 0, what="an empty queue")
    (lines,) = fetch(database, LINES)
    return Figures(changes, waited, before, max(away), max(after), caught_up_s, lines)


def book_steadily(database: str, worker: Worker, away_s: int) -> list[float]:
    """Book `PER_S` sales in each second, and return the worker's memory as it was then."""
    memory, started_s = [], time.monotonic()
    for second in range(away_s):
        book(database, f"away-{second}", PER_S)
        memory.append(worker.memory_mib())
        end_s = started_s + second + 1
        wait_until(lambda end_s=end_s: time.monotonic() >= end_s, what="the end of the second")  # type: ignore[misc]
    return memory


def book(database: str, name: str, number: int) -> None:
    """Book sales of 2.00."""
    entries = [entry_of(transaction_id=f"{name}-{one}", payout="2.00", affiliate_id="456") for one in range(number)]
    with closing(open_ledger(database)) as ledger:
        for first in range(0, number, BATCH):
            write_entries(ledger, entries[first : first + BATCH])


def is_published(database: str, worker: Worker, memory: list[float]) -> bool:
    """Whether nothing waits any more; notes the worker's memory on the way."""
    memory.append(worker.memory_mib())
    return fetch(database, UNPUBLISHED) == [(0,)]
