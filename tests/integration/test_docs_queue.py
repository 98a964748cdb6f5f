"""The commands of `docs/queue.md` work as printed, against a real RabbitMQ, and so does the consumer in 30 lines."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.parts.cli import CommandLine
from tests.parts.consuming import book
from tests.parts.databases import fetch
from tests.parts.documents import ROOT, read_document
from tests.parts.mapping import configure, lines_of
from tests.parts.rabbitmq import SCRIPT, RabbitMQ
from tests.parts.waiting import wait_until
from tests.parts.worker import Consumer

DOCUMENT = read_document("docs/queue.md")
COMMANDS = re.findall(
    r"^ *((?:rabbitmqctl|postledger|script/rabbitmq-node|BROKER_URL=\S+) .*)$", DOCUMENT, re.MULTILINE
)
PASSWORD = "a-password-of-the-test"


@pytest.fixture(scope="module")
def prepared(rabbitmq: RabbitMQ) -> RabbitMQ:
    """A RabbitMQ after all `rabbitmqctl` commands of the page."""
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        if program == "rabbitmqctl":
            rabbitmq.control(*arguments, stdin=f"{PASSWORD}\n")
    return rabbitmq


@pytest.fixture
def publish(prepared: RabbitMQ, cli: CommandLine, database: str) -> Callable[..., None]:
    """Book sales and publish them, with the page's command and the user that the page makes for it."""
    configure(cli)
    settings = {"POSTLEDGER_BROKER_URL": url_of(prepared, "postledger-publisher"), "POSTLEDGER_MAP_FROM": "broker"}
    cli.environment.update(settings)

    def publish(*transactions: str, **fields: str) -> None:
        book(database, *transactions, **fields)
        for command in (["worker", "--only", "map", "--once"], find_command("postledger worker")[1:]):
            ran = cli.process(*command)
            assert ran.code == 0, ran.err

    return publish


def url_of(rabbitmq: RabbitMQ, user: str) -> str:
    return f"amqp://{user}:{PASSWORD}@127.0.0.1:{rabbitmq.port}/postledger"


def find_command(beginning: str) -> list[str]:
    """The arguments of the one command that begins so."""
    (found,) = [command for command in COMMANDS if command.startswith(beginning)]
    return shlex.split(found)


def test_a_user_that_may_only_read_maps_lines(prepared: RabbitMQ, publish: Callable[..., None], database: str) -> None:
    assert find_command("postledger consume") == ["postledger", "consume"]
    url = url_of(prepared, "postledger-consumer")
    publish("T1", "T2")
    broker = {"POSTLEDGER_BROKER_URL": url, "POSTLEDGER_BROKER_TOPOLOGY": "check"}

    with Consumer({"DATABASE_URL": database, **broker}):
        wait_until(lambda: len(lines_of(database)) == 2, what="two lines")


def test_the_consumer_in_30_lines_keeps_each_conversion_as_it_stands(
    prepared: RabbitMQ, publish: Callable[..., None], tmp_path: Path
) -> None:
    _, program, script, queue, file = find_command("BROKER_URL=")
    publish("T1", "T2")
    publish("T1", status="reversed")
    command = [sys.executable, str(ROOT / script), queue, file]
    environment = {"PATH": os.environ["PATH"], "BROKER_URL": url_of(prepared, "postledger-consumer")}

    with subprocess.Popen(command, cwd=tmp_path, env=environment) as example:
        wait_until(lambda: stored(tmp_path / file) == [(1, "approved"), (2, "reversed")], what="both conversions")
        example.kill()

    assert program == "python"
    assert len((ROOT / script).read_text().splitlines()) <= 30
    assert f"```python\n{(ROOT / script).read_text()}```" in DOCUMENT


def test_what_was_lost_with_a_queue_is_published_again(
    prepared: RabbitMQ, publish: Callable[..., None], cli: CommandLine, database: str
) -> None:
    (statement,) = re.findall(r'^psql "\$DATABASE_URL" -c "(UPDATE .*)"$', DOCUMENT, re.MULTILINE)
    publish("T1", "T2")
    published = "SELECT count(*)::integer FROM publications WHERE published_at IS NOT NULL"
    assert fetch(database, published) == [(2,)]

    fetch(database, f"{re.sub('[0-9-]{10} ', '2026-01-01 ', statement)} RETURNING true")
    waiting = fetch(database, published)
    ran = cli.process(*find_command("postledger worker")[1:])

    assert (waiting, ran.code, fetch(database, published)) == ([(0,)], 0, [(2,)])
    assert ran.err.count('"outcome":"published"') == 2


def stored(file: Path) -> list[tuple[object, ...]]:
    """The revision and status of each conversion that the example has stored."""
    with closing(sqlite3.connect(file)) as database:
        try:
            return database.execute("SELECT revision, status FROM conversions ORDER BY revision").fetchall()
        except sqlite3.OperationalError:  # there is no table yet
            return []


def test_the_page_names_the_programs_that_there_are() -> None:
    programs = {shlex.split(command)[0] for command in COMMANDS}

    assert programs == {"rabbitmqctl", "postledger", "script/rabbitmq-node", find_command("BROKER_URL=")[0]}
    assert find_command("script/rabbitmq-node")[1] == "ctl"
    assert SCRIPT == ROOT / "script/rabbitmq-node"
