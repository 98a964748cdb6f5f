"""A message that `postledger consume` cannot map is set aside, so that it holds up no other."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from socket import SHUT_RDWR
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.bootstrap.consuming import Consumer
from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_published import PublishedMapper
from postledger.ledger.narrowing import ATTEMPTS
from postledger.ledger.set_aside import MOST_SET_ASIDE, list_set_aside, put_back
from postledger.metrics.worker_metrics import WorkerMetrics
from postledger.notifications.announce import announce_requests
from postledger.outgoing.consuming.amqp_receiver import AmqpReceiver
from postledger.platform.broker_settings import read_broker_settings
from postledger.platform.json_log import EventLog
from postledger.platform.work_loop import Unavailable
from tests.parts import worker
from tests.parts.broker_queue import BrokerQueue, take_outbox
from tests.parts.cli import CommandLine
from tests.parts.consuming import book, mapped, open_queue, wait_until_empty
from tests.parts.databases import fetch
from tests.parts.mapping import load, open_ledger
from tests.parts.rabbitmq import RabbitMQ
from tests.parts.waiting import wait_until

REFUSE = "ALTER TABLE expense_lines ADD CONSTRAINT no_sevens CHECK (amount <> 7)"
ALLOW = "ALTER TABLE expense_lines DROP CONSTRAINT no_sevens"
AT_A_LINE = "CREATE TRIGGER fail BEFORE INSERT ON expense_lines EXECUTE FUNCTION fail()"
FAIL = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {}; RETURN NULL; END $$"
LOSE_SESSION = "PERFORM pg_terminate_backend(pg_backend_pid())"
FILL = """
INSERT INTO set_aside_changes SELECT now(), gen_random_uuid(), gen_random_uuid(), 1, 'opened', 'x', now()
FROM generate_series(1, %s)
"""


@pytest.fixture
def queue(rabbitmq: RabbitMQ, cli: CommandLine) -> Iterator[BrokerQueue]:
    with open_queue(rabbitmq, cli) as queue:
        yield queue


@pytest.fixture
def ledger(queue: BrokerQueue, database: str) -> Iterator[Connection[Any]]:
    """A session of a ledger with a sale of 7.00, which cannot be mapped, and of two sales around it."""
    with open_ledger(database) as ledger:
        ledger.execute(REFUSE)
        book(database, "T1")
        book(database, "T2", payout="7.00")
        book(database, "T3")
        yield ledger


@pytest.fixture
def consumer(queue: BrokerQueue, database: str) -> Iterator[Consumer]:
    with open_consumer(queue, database) as consumer:
        yield consumer


@contextmanager
def open_consumer(
    queue: BrokerQueue, url: str, after_commit: Callable[[AmqpReceiver], None] = lambda _: None
) -> Iterator[Consumer]:
    """Make a consumer within the process of the test. `after_commit` is called before messages are settled."""
    settings = read_broker_settings(queue.environment)
    assert settings is not None
    with open(os.devnull, "w") as log, closing(AmqpReceiver(settings)) as receiver:
        mapper = PublishedMapper(CurrentBooks(lambda: load(url)), lambda *_: after_commit(receiver), announce_requests)
        yield Consumer(receiver, mapper, EventLog(log.fileno()), WorkerMetrics(()))


def work(consumer: Consumer, ledger: Connection[Any], times: int) -> list[str]:
    """Do some portions of work, and return the types of what was raised."""
    raised = []
    for _ in range(times):
        try:
            consumer.work(ledger)
        except (psycopg.Error, Unavailable) as error:
            raised.append(type(error).__name__)
    return raised


def test_one_that_cannot_be_mapped_holds_up_no_other(
    ledger: Connection[Any], queue: BrokerQueue, cli: CommandLine, database: str
) -> None:
    messages = take_outbox(database)
    with worker.Consumer(cli.environment) as consumer:
        queue.put(*messages, *messages)  # a change that is set aside can be delivered again
        wait_until_empty(queue, consumer)
        logged, text = consumer.log_lines("set a change aside"), consumer.log_text()

    assert mapped(database) == (2, "4.00")
    (row,) = cli("changes", "list", "--json").facts
    assert (row["transaction_id"], row["kind"], row["revision"]) == ("T2", "opened", 1)
    assert fetch(database, "SELECT received_at FROM set_aside_changes") == fetch(
        database, "SELECT created_at FROM conversions WHERE transaction_id = 'T2'"
    )
    assert {line["receipt"] for line in logged} == {row["receipt"]}
    assert row["fault"].startswith("CheckViolation at ")
    assert "7.00" not in text
    assert cli("finance", "check").code == 0


def test_a_change_is_tried_alone_three_times(
    ledger: Connection[Any], queue: BrokerQueue, consumer: Consumer, database: str
) -> None:
    queue.put(take_outbox(database)[1])

    raised = work(consumer, ledger, ATTEMPTS - 1)
    early = list_set_aside(ledger)
    handled = consumer.work(ledger)

    assert (raised, early, handled) == (["CheckViolation"] * (ATTEMPTS - 1), [], 1)
    assert [row["transaction_id"] for row in list_set_aside(ledger)] == ["T2"]


def test_one_that_is_put_back_is_published_and_mapped(
    ledger: Connection[Any], queue: BrokerQueue, cli: CommandLine, environment: dict[str, str], database: str
) -> None:
    settings = environment | queue.environment | {"POSTLEDGER_MAP_FROM": "broker"}
    with worker.Worker(settings), worker.Consumer(cli.environment) as consumer:
        wait_until(lambda: len(list_set_aside(ledger)) == 1, what="a change that is set aside")
        ledger.execute(ALLOW)
        assert cli("changes", "retry", "--all").out == "1 change put back\n"
        wait_until(lambda: mapped(database) == (3, "11.00"), what="its line")
        wait_until_empty(queue, consumer)

    assert list_set_aside(ledger) == []
    assert fetch(database, "SELECT count(*)::integer FROM outbox") == [(0,)]


@pytest.mark.parametrize(
    "fault",
    [LOSE_SESSION, *(f"RAISE EXCEPTION USING ERRCODE = '{code}'" for code in ("57P01", "53100", "55P03"))],
    ids=["lost session", "shutdown", "full disk", "lock"],
)
def test_a_fault_of_postgres_sets_none_aside(
    ledger: Connection[Any], queue: BrokerQueue, consumer: Consumer, database: str, fault: str
) -> None:
    ledger.execute(FAIL.format(fault).encode())
    ledger.execute(AT_A_LINE)
    queue.put(take_outbox(database)[0])

    raised = list[str]()
    for _ in range(2 * ATTEMPTS):
        with closing(open_ledger(database)) as session:
            raised += work(consumer, session, 1)
    ledger.execute("DROP TRIGGER fail ON expense_lines")
    assert work(consumer, ledger, 1) == []

    assert len(raised) == 2 * ATTEMPTS
    assert (list_set_aside(ledger), mapped(database)) == ([], (1, "2.00"))


def test_a_lost_connection_to_the_broker_sets_none_aside(
    ledger: Connection[Any], queue: BrokerQueue, database: str
) -> None:
    def cut(receiver: AmqpReceiver) -> None:
        if len(raised) < 2 * ATTEMPTS:
            receiver._connection.transport.sock.shutdown(SHUT_RDWR)

    raised = list[str]()
    queue.put(take_outbox(database)[0])
    with open_consumer(queue, database, cut) as consumer:
        while len(raised) < 2 * ATTEMPTS:
            raised += work(consumer, ledger, 1)
        wait_until(lambda: consumer.work(ledger) == 1, what="a message that is settled")

    assert raised == ["Unavailable"] * 2 * ATTEMPTS
    assert (list_set_aside(ledger), mapped(database)) == ([], (1, "2.00"))


def test_if_setting_aside_fails_the_message_stays(
    ledger: Connection[Any], queue: BrokerQueue, consumer: Consumer, database: str
) -> None:
    ledger.execute("ALTER TABLE set_aside_changes ADD CHECK (false)")
    queue.put(*take_outbox(database))

    raised = work(consumer, ledger, 3 * ATTEMPTS)
    consumer.close(ledger)

    assert len(raised) >= 2 * ATTEMPTS
    wait_until(lambda: queue.count() == 2, what="the messages that were not acknowledged")
    assert mapped(database) == (1, "2.00")


def test_if_everything_fails_the_queue_waits_as_a_whole(
    ledger: Connection[Any], queue: BrokerQueue, consumer: Consumer, database: str
) -> None:
    ledger.execute(FILL, (MOST_SET_ASIDE,))
    queue.put(*take_outbox(database))

    work(consumer, ledger, 3 * ATTEMPTS)
    consumer.close(ledger)

    wait_until(lambda: queue.count() == 2, what="the messages that were not acknowledged")
    assert len(list_set_aside(ledger)) == MOST_SET_ASIDE


def test_one_that_waits_in_the_outbox_too_is_put_back(ledger: Connection[Any]) -> None:
    ledger.execute(
        "INSERT INTO set_aside_changes SELECT received_at, dedup_key, receipt, revision, kind, 'x', now() FROM outbox"
    )

    assert put_back(ledger, None) == 3
    assert ledger.execute("SELECT count(*)::integer FROM outbox").fetchall() == [(3,)]
