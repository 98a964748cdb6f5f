"""The worker reconciles the month before, as far as something is new there."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from psycopg import Connection

from postledger.bootstrap.month_end import reconcile_month_before
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.reconciliation.last_month import reconcile_last_month
from postledger.reconciliation.reconcile import Tools
from postledger.reconciliation.runs import begin_run
from tests.parts.reconciling import Books, line, open_books

KEYRING = Keyring([Fernet.generate_key().decode()])


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """A ledger with a report of the month before."""
    with open_books(database) as books:
        books.report(line("T-1", "5.00"), period=last_month(), imported_at=datetime.now(UTC))
        yield books


def last_month() -> date:
    return (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)


def run(connection: Connection[Any]) -> list[str]:
    """Do what the task does, and return what was reconciled."""
    tools = Tools(connection, lambda: KEYRING, "schedule", lambda done, total: None)
    return [scope.name for scope in reconcile_last_month(tools)]


def test_a_report_is_reconciled_once_until_a_newer_one_comes(books: Books) -> None:
    assert run(books.connection) == ["acme"]
    assert run(books.connection) == []

    books.report(line("T-1", "6.00"), period=last_month(), imported_at=datetime.now(UTC))

    assert run(books.connection) == ["acme"]
    assert books.items() == [("missing_in_ledger", "6", "open"), ("restated", "1", "open")]


def test_a_locked_month_is_left_alone(books: Books) -> None:
    books.connection.execute("INSERT INTO periods VALUES (%s, 'locked', 1, now(), 'anna')", (last_month(),))

    assert run(books.connection) == []


def test_what_another_run_has_is_left_to_it(books: Books, database: str) -> None:
    with closing(connect(database, name="test", statement_timeout_ms=60_000)) as other:
        now = datetime.now(UTC)
        begin_run(other, "report", books.source_id, last_month(), as_of=now, actor="anna", now=now)

        assert run(books.connection) == []


def test_the_task_of_the_worker_reconciles(books: Books) -> None:
    reconcile_month_before(KEYRING, books.connection, {}, lambda done, total: None)

    assert books.items() == [("missing_in_ledger", "5", "open")]
    assert books.connection.execute("SELECT started_by, state FROM reconciliations").fetchall() == [
        ("schedule", "done")
    ]
