"""No leak behind the ledger: canaries go through worker, expense lines, forwards and task faults, and none escapes.

What receivers are sent and what the books hold is left out, because that is what it is for. All else is searched: the
worker's log, its metrics and files, process lists, the tables of tasks and attempts, and what the commands print.
"""

import base64
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event

import pytest

from postledger.ledger.writer import write_entries
from tests.acceptance.canaries import Canaries
from tests.acceptance.evidence import SignatureInput
from tests.parts.cli import CommandLine
from tests.parts.databases import close_database, fetch, open_database
from tests.parts.entries import entry_of
from tests.parts.mapping import FINANCE, RULE, open_ledger
from tests.parts.postgres import Postgres
from tests.parts.sinks import Asked, RawSink, Reply, Sink
from tests.parts.sources import add_click
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker

FAULTS = ("refuses", "signed", "nonsense", "nobody")
SIGNED = 'method = "json"\nsign = true'
IBAN = "GB33BUKB20201555555555"
# Each makes Postgres refuse rows with a message that quotes an amount, and its undoing.
REFUSED_LINES = (
    "ALTER TABLE expense_lines ADD CONSTRAINT cheap CHECK (amount < 1) NOT VALID",
    "ALTER TABLE expense_lines DROP CONSTRAINT cheap",
)
REFUSED_CHECKS = """
CREATE FUNCTION quote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'it is worth {payout}, says {email}'; END $$
"""
REFUSE_CHECKS = "CREATE TRIGGER quote BEFORE INSERT ON invariant_checks FOR EACH ROW EXECUTE FUNCTION quote()"
COMMANDS = (
    ("jobs", "list", "--all", "--json"), ("jobs", "list"), ("forwards", "list", "--json"), ("forwards", "list"),
    ("forwards", "test", "refuses"), ("forwards", "test", "nonsense", "--json"), ("payees", "list", "--json"),
    ("finance", "check"), ("export",),
)  # fmt: skip


@pytest.fixture
def canaries(master_key: str, database: str) -> Canaries:
    """Canaries, and the secrets that every worker has."""
    canaries = Canaries()
    canaries.watch("master key", master_key)
    canaries.watch("Postgres password", database.partition("@")[0].rpartition(":")[2])
    canaries.watch("bank account", IBAN)
    return canaries


def parrot(asked: Asked) -> Reply:
    """Refuse a request and repeat all of it."""
    said = f"{asked.target} {dict(asked.headers)}".encode() + asked.body
    return Reply(500, {"X-Repeated": asked.target}, said)


@pytest.fixture
def receivers(canaries: Canaries) -> Iterator[dict[str, str]]:
    """The address of a receiver for each thing that can go wrong."""

    def talk_nonsense(connection: socket.socket, _: Event) -> None:
        connection.recv(65_536)
        connection.sendall(f"NONSENSE {canaries.payout} {canaries.secret}\r\n\r\n".encode())

    with ExitStack() as stack:
        sinks = {"refuses": stack.enter_context(Sink(parrot)), "signed": stack.enter_context(Sink(parrot))}
        raw = stack.enter_context(RawSink(talk_nonsense))
        yield {name: sink.url for name, sink in sinks.items()} | {"nonsense": raw.url, "nobody": "http://127.0.0.1:9"}


def configuration(canaries: Canaries, receivers: dict[str, str]) -> str:
    """Books and forwards that are full of canaries."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    canaries.watch("signing key", key)
    forwards = "".join(
        f"""
[[forwards]]
slug = "{name}"
url = "{url}/{{status}}?payout={{payout}}&mail={{sub1}}{"" if name == "signed" else "&key={secret}"}"
secrets = ["{f"whsec_{key}" if name == "signed" else canaries.secret}"]
allow_private = true
timeout = "5s"
{SIGNED if name == "signed" else ""}
"""
        for name, url in receivers.items()
    )
    payee = '[[payees]]\nid = "999"\nname = "Paid by bank"\niban_env = "PAYEE_IBAN"\n'
    return (FINANCE + payee + RULE + forwards).replace("s3cret-current", canaries.secret)


def test_nothing_escapes_behind_the_ledger(
    postgres: Postgres, database: str, cli: CommandLine, canaries: Canaries, receivers: dict[str, str]
) -> None:
    evidence = SignatureInput()
    configure(cli, canaries, receivers)
    change(database, REFUSED_CHECKS.format(payout=canaries.payout, email=canaries.email))
    change(database, REFUSE_CHECKS)

    with Worker(cli.environment) as worker:
        change(database, REFUSED_LINES[0])
        receipts = book(database, canaries)
        wait_until(lambda: has_logged(worker, "failed, and is repeated"), what="lines that are refused")
        change(database, REFUSED_LINES[1])
        wait_until(lambda: is_done(database), what="lines, a fault of each forward, and a fault of a task")
        close_database(postgres, database)
        wait_until(lambda: worker.get("/healthz").status_code == 503, what="a worker without a ledger")
        open_database(postgres, database)
        wait_until(worker.is_healthy, what="a worker with a ledger")
        for path in ("/metrics", "/healthz", f"/{canaries.secret}?payout={canaries.payout}"):
            evidence.add(f"worker {path}", worker.get(path).content)
        evidence.add_processes()
        worker.terminate()
        worker.wait()
        evidence.add_tree(worker.home)
        logged = worker.log_lines()
    for command in COMMANDS:
        ran = cli(*command)
        evidence.add(" ".join(command), ran.out + ran.err)
    for table in ("tasks", "delivery_attempts", "deliveries", "invariant_checks"):
        evidence.add(f"table {table}", str(fetch(database, f"SELECT * FROM {table}")))

    assert evidence.leaks(canaries) == []
    assert {line["receipt"] for line in logged if line["event"] == "handed over"} == receipts
    assert {line["forward"] for line in logged if line["event"] == "forwarded"} == set(FAULTS)
    assert {line["receipt"] for line in logged if line["event"] == "forwarded"} <= receipts


def configure(cli: CommandLine, canaries: Canaries, receivers: dict[str, str]) -> None:
    """Apply the configuration with the canaries."""
    cli.environment["PAYEE_IBAN"] = IBAN
    ran = cli("apply", cli.write("canaries.toml", configuration(canaries, receivers)))
    assert ran.code == 0, ran.err


def book(database: str, canaries: Canaries) -> set[str]:
    """Book conversions with canaries in them, and give their receipts."""
    add_click(database, "C1", None, "456")
    entries = [
        entry_of(transaction_id="T1", payout=canaries.payout, sub1=canaries.email, event="sale"),
        entry_of(transaction_id="T2", payout=canaries.payout, sub1=canaries.email, currency="EUR"),
    ]
    with open_ledger(database) as ledger:
        write_entries(ledger, entries)
    return {entry.receipt for entry in entries}


def change(database: str, statement: str) -> None:
    """Do what no migration does."""
    with open_ledger(database) as ledger:
        ledger.execute(statement.encode())


def has_logged(worker: Worker, event: str) -> bool:
    """Whether the worker has logged an event."""
    return bool(worker.log_lines(event))


def is_done(database: str) -> bool:
    """Whether lines were written, each forward had an attempt, and a task has failed."""
    ((lines, forwards, faults),) = fetch(
        database,
        "SELECT (SELECT count(*) FROM expense_lines), (SELECT count(DISTINCT forward) FROM delivery_attempts),"
        " (SELECT count(*) FROM tasks WHERE fault IS NOT NULL)",
    )
    return bool(lines >= 2 and forwards == len(FAULTS) and faults)
