"""`finance check` names requests that were approved by hand, by who caused them, or by one person twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.mapping import configure
from tests.parts.waiting_requests import write_request


@pytest.fixture
def ledger(cli: CommandLine, database: str) -> Iterator[Connection[Any]]:
    configure(cli)
    for login in ("mia", "dan"):
        assert cli("user", "add", login, "--role", "manager", "--role", "director").code == 0
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def wrong(cli: CommandLine) -> list[str]:
    """The requests that the check names; their lines have no conversion, which breaks other invariants."""
    printed = cli("finance", "check").out.partition("decided_by_others\n")[2]
    names = [line.split()[1] for line in printed.splitlines() if line.startswith("        request ")]
    return [name.removesuffix(":") for name in names]


def test_decisions_by_others_are_in_order(cli: CommandLine, ledger: Connection[Any]) -> None:
    chain, other = write_request(ledger, steps=["manager", "director"], created_by="eve"), write_request(ledger)
    for request, login in ((chain, "mia"), (chain, "dan"), (other, "mia")):
        assert cli("approvals", "approve", request, "--as", login).code == 0
    cli("approvals", "reject", write_request(ledger), "--as", "dan")

    assert wrong(cli) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE approvals SET state = 'approved'",
        "UPDATE approvals SET created_by = 'mia'",
        (
            "INSERT INTO approval_decisions SELECT approval_id, 1, user_id, NULL, decision, content_sha256, '',"
            " decided_at FROM approval_decisions"
        ),
    ],
)
def test_what_was_done_by_hand_is_named(cli: CommandLine, ledger: Connection[Any], change: str) -> None:
    request = write_request(ledger, steps=["manager", "director"])
    cli("approvals", "approve", request, "--as", "mia")

    ledger.execute(change.encode())

    assert wrong(cli) == [request]
