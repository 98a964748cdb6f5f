"""`approvals --idempotency-key`: a command that is repeated decides once, and gets the same answer again."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from postledger.finance.approval.decide_once import delete_old_keys
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine, Ran
from tests.parts.databases import fetch
from tests.parts.waiting import HANGS_AFTER_S, wait_until
from tests.parts.waiting_requests import write_request, write_rule

WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    """A ledger with one approval rule."""
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        write_rule(connection, "over-100", ["manager"])
        yield connection


@pytest.fixture
def people(cli: CommandLine) -> CommandLine:
    """A ledger with two managers."""
    for login in ("mia", "bob"):
        assert cli("user", "add", login, "--role", "manager").code == 0
    return cli


def count_decisions(url: str) -> int:
    """Count the decisions; the audit chain has an entry of each."""
    statement = (
        "SELECT (SELECT count(*) FROM approval_decisions), count(*) FROM audit_log WHERE action LIKE 'approval.%'"
    )
    ((decisions, entries),) = fetch(url, statement)
    assert decisions == entries
    return int(decisions)


def test_scenario_05_double_click_retry(database: str, ledger: Connection[Any], people: CommandLine) -> None:
    """The same key twice gets the same answer, and with another body it is refused."""
    request, other = write_request(ledger), write_request(ledger)
    approve = ("approvals", "approve", request, "--as", "mia", "--json", "--idempotency-key")

    first, second = people(*approve, "K1"), people(*approve, "K1")
    reused = [
        people("approvals", "approve", other, "--as", "mia", "--idempotency-key", "K1"),
        people("approvals", "reject", request, "--as", "mia", "--idempotency-key", "K1"),
    ]
    of_another_user = people("approvals", "approve", other, "--as", "bob", "--idempotency-key", "K1")

    assert (first.code, first.out) == (second.code, second.out)
    assert first.code == of_another_user.code == 0
    assert {(ran.code, ran.err[:23]) for ran in reused} == {(1, "postledger: key_reused:")}
    assert count_decisions(database) == 2


def test_a_key_repeats_refusals_too(ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger)
    people("approvals", "approve", request, "--as", "bob")
    approve = ("approvals", "approve", request, "--as", "mia", "--json", "--idempotency-key")

    ran = [people(*approve, "K1"), people(*approve, "K1"),
           people(*approve, "K2", "--all-or-nothing"), people(*approve, "K2", "--all-or-nothing")]  # fmt: skip

    assert [each.code for each in ran] == [1] * 4
    assert ran[0] == ran[1]
    assert ran[2] == ran[3]
    assert all("already_decided: bob approved it" in each.err for each in ran)


def test_two_retries_at_once_get_one_answer(database: str, ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger)
    ran: list[Ran] = []

    def approve() -> None:
        ran.append(people.process("approvals", "approve", request, "--as", "mia", "--idempotency-key", "K1"))

    with connect(database, name="test", statement_timeout_ms=60_000) as other, other.transaction():
        other.execute("SELECT FROM approvals FOR UPDATE")
        threads = [threading.Thread(target=approve) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: fetch(database, WAITING) == [(2,)], what="two who decide at once")
    for thread in threads:
        thread.join(HANGS_AFTER_S)

    assert ran[0] == ran[1]
    assert ran[0].code == 0
    assert count_decisions(database) == 1


def test_a_key_is_short_printable_text(people: CommandLine) -> None:
    for key in ("", "a\tb", "k" * 256):
        refused = people("approvals", "approve", str(uuid4()), "--as", "mia", "--idempotency-key", key)

        assert (refused.code, "--idempotency-key must be text of 1 to 255" in refused.err) == (1, True)


def test_a_key_is_deleted_after_30_days(database: str, ledger: Connection[Any], people: CommandLine) -> None:
    for key in ("K1", "K2"):
        people("approvals", "approve", write_request(ledger), "--as", "mia", "--idempotency-key", key)
    ledger.execute("UPDATE idempotency_keys SET created_at = created_at - interval '30 days 1 hour' WHERE key = 'K1'")

    delete_old_keys(ledger, datetime.now(UTC))

    assert fetch(database, "SELECT key FROM idempotency_keys") == [("K2",)]
