"""`postledger consume` maps what a real RabbitMQ delivers, whatever is repeated, disordered, killed or unreadable."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.parts.broker_queue import BrokerQueue, message_of, take_outbox
from tests.parts.cli import CommandLine
from tests.parts.consuming import book, mapped, open_queue, wait_until_empty
from tests.parts.databases import fetch
from tests.parts.mapping import lines_of, map_all, open_ledger
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until
from tests.parts.worker import Consumer

WAITING = """
SELECT count(*)::integer FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE '-- Which of some conversions are in%'
"""


@pytest.fixture
def queue(rabbitmq: RabbitMQ, cli: CommandLine) -> Iterator[BrokerQueue]:
    with open_queue(rabbitmq, cli) as queue:
        yield queue


def test_a_change_becomes_a_line_without_a_key(queue: BrokerQueue, cli: CommandLine, database: str) -> None:
    book(database, "T1")
    (message,) = take_outbox(database)
    with Consumer(cli.environment) as consumer:
        queue.put(message)
        wait_until(lambda: mapped(database)[0] == 1, what="a line")
        wait_until_empty(queue, consumer)
        (line,) = consumer.log_lines("mapped")

    assert lines_of(database) == [("accrual", "2.00", "USD", "456", None)]
    assert fetch(database, "SELECT cause::text FROM expense_lines") == [(line["receipt"],)]
    assert line["revision"] == 1


def test_repeats_and_disorder_change_nothing(queue: BrokerQueue, cli: CommandLine, database: str) -> None:
    book(database, *(f"T{number}" for number in range(20)))
    book(database, *(f"T{number}" for number in range(20)), status="reversed")
    messages = take_outbox(database)
    queue.put(*reversed(messages), *messages)

    with Consumer(cli.environment) as first, Consumer(cli.environment) as second:
        wait_until(lambda: queue.unsettled() == 0, what="the acknowledgement of every message")
        first.terminate()
        assert first.wait() == 0
        wait_until_empty(queue, second)

    assert len(messages) == 40
    assert mapped(database)[1] == "0"
    assert not any(cli("finance", "check", "--json").facts.values())


def test_a_worker_that_maps_too_does_no_harm(queue: BrokerQueue, cli: CommandLine, database: str) -> None:
    book(database, *(f"T{number}" for number in range(50)))
    queue.put(*[message_of(*row) for row in fetch(database, "SELECT dedup_key::text, receipt::text FROM outbox")])
    with Consumer(cli.environment) as consumer:
        map_all(database)
        wait_until_empty(queue, consumer)

    assert mapped(database) == (50, "100.00")


def test_a_message_that_cannot_be_read_is_rejected_once(queue: BrokerQueue, cli: CommandLine, database: str) -> None:
    book(database, "T1")
    good = take_outbox(database)
    nested = b'{"x":' + b"[" * 20_000
    bad = [b"\xff\x00", nested, b'{"version": 1}', message_of("no uuid", "no uuid"), message_of(str(uuid4()), "x")]
    later = [message_of(str(uuid4()), str(uuid4()), version=2)]
    queue.put(*bad, *later, *bad, *good)
    with Consumer(cli.environment) as consumer:
        wait_until(lambda: mapped(database)[0] == 1, what="the line of the message after them")
        counted = 'postledger_jobs_total{result="dead",task="map"} 11.0'
        wait_until(lambda: counted in consumer.get("/metrics").text, what="the count of rejected messages")
        wait_until_empty(queue, consumer)
        logged = consumer.log_lines("rejected messages")

    assert [line["cause"] for line in logged] == ["unreadable"]


def test_a_message_of_another_ledger_is_rejected_and_can_be_kept(
    queue: BrokerQueue, cli: CommandLine, rabbitmq: RabbitMQ, database: str
) -> None:
    graveyard = BrokerQueue(rabbitmq)
    graveyard.declare()
    queue.delete()
    queue.declare(**{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": graveyard.name})
    queue.put(message_of(str(uuid4()), str(uuid4())))
    only_check = {"POSTLEDGER_BROKER_TOPOLOGY": "check", "POSTLEDGER_BROKER_EXCHANGE": "off"}
    with Consumer(cli.environment | only_check) as consumer:
        wait_until(lambda: graveyard.count() == 1, what="the rejected message")
        wait_until(lambda: bool(consumer.log_lines("rejected messages")), what="its line in the log")
        (line,) = consumer.log_lines("rejected messages")

    assert (line["cause"], line["messages"]) == ("unknown conversion", 1)
    graveyard.delete()


def test_a_kill_before_the_commit_loses_nothing(queue: BrokerQueue, cli: CommandLine, database: str) -> None:
    book(database, *(f"T{number}" for number in range(30)))
    with Consumer(cli.environment) as first, open_ledger(database) as other:
        with other.transaction():
            other.execute("LOCK TABLE expense_lines IN ACCESS EXCLUSIVE MODE")
            queue.put(*take_outbox(database))
            wait_until(lambda: fetch(database, WAITING) == [(1,)], what="a consumer that waits for the lines")
            first.kill()
        assert mapped(database) == (0, "0")
        with Consumer(cli.environment) as second:
            wait_until(lambda: mapped(database)[0] == 30, what="the lines")
            wait_until_empty(queue, second)

    assert mapped(database) == (30, "60.00")


def test_a_postgres_that_comes_late_is_waited_for(queue: BrokerQueue, cli: CommandLine, database: str) -> None:
    book(database, "T1")
    queue.put(*take_outbox(database))
    with open_ledger(database) as other, Consumer(cli.environment) as consumer:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postledger-consumer'"
        wait_until(lambda: mapped(database)[0] == 1, what="a line")
        other.execute(end)
        book(database, "T2")
        queue.put(*take_outbox(database))
        wait_until(lambda: mapped(database)[0] == 2, what="the next line")
        wait_until_empty(queue, consumer)


def test_the_check_of_the_books_leaves_out_what_is_under_way(
    cli: CommandLine, queue: BrokerQueue, database: str
) -> None:
    cli.environment["POSTLEDGER_MAP_FROM"] = "broker"
    book(database, "T1")
    columns = "dedup_key, id, 1, 'opened', created_at, %s"
    insert = f"INSERT INTO publications SELECT {columns} FROM conversions RETURNING true"
    fetch(database, insert, (datetime.now(UTC),))
    take_outbox(database)

    under_way = cli("finance", "check", "--json")
    fetch(database, "UPDATE publications SET published_at = published_at - interval '11 minutes' RETURNING true")
    lost = cli("finance", "check", "--json")

    assert (under_way.code, lost.code) == (0, 1)
    del cli.environment["POSTLEDGER_MAP_FROM"]
    assert cli("finance", "check").code == 1
