"""`postledger worker` hands booked changes over, each exactly once."""

import json
from typing import Any

import pytest

from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of


@pytest.fixture
def receipts(database: str) -> list[str]:
    """Book five conversions, each with its change in the outbox."""
    entries = [entry_of(transaction_id=f"T{number}") for number in range(5)]
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        write_entries(ledger, entries)
        ledger.execute(
            "INSERT INTO outbox SELECT created_at, dedup_key, id, 1, 'opened' FROM conversions ON CONFLICT DO NOTHING"
        )
    return [entry.receipt for entry in entries]


def lines_of(log: str) -> list[dict[str, Any]]:
    """The log entries of a worker."""
    return [json.loads(line) for line in log.splitlines()]


def test_once_hands_over_what_waits_and_ends(cli: CommandLine, database: str, receipts: list[str]) -> None:
    ran = cli.process("worker", "--once", "--only", "map")

    assert ran.code == 0, ran.err
    assert [line["receipt"] for line in lines_of(ran.err) if line["event"] == "handed over"] == receipts
    assert fetch(database, "SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize(("only", "part"), [("map,console", "console"), ("", ""), ("Map", "Map")])
def test_an_unknown_part_is_refused(cli: CommandLine, only: str, part: str) -> None:
    ran = cli("worker", "--only", only)

    known = "map, forward, publish, export, notify, tasks"
    assert ran.code == 1
    assert ran.err == f"postledger: --only: {part!r} is no part of a worker; use some of {known}\n"


def test_without_postgres_once_fails_with_its_cause(cli: CommandLine) -> None:
    cli.environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/nothing"

    ran = cli.process("worker", "--once")

    *log, last = ran.err.splitlines()
    assert ran.code == 1
    assert last == "postledger: gave up; the log above says why"
    assert [json.loads(line)["cause"] for line in log] == ["connection"]  # one line for each cause
