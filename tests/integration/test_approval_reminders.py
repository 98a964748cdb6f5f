"""Requests that wait are reminded of again and again, and what changed meanwhile is asked anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from postledger.bootstrap.mapping import remind_of_requests
from postledger.finance.approval.reminders import remind
from postledger.notifications.announce import announce_reminders
from postledger.platform.postgres.connection import connect
from tests.parts.waiting_requests import write_payee, write_request, write_rule

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        write_rule(connection, "over-100", ["manager"], remind_after_s=7200)
        connection.execute("INSERT INTO notify (settings, updated_at) VALUES ('{\"webhook\": {}}', %s)", (NOW,))
        yield connection


def noted(ledger: Connection[Any]) -> list[tuple[str, str]]:
    return ledger.execute("SELECT kind, subject_id FROM notifications ORDER BY created_at, subject_id").fetchall()


def test_what_waits_is_reminded_of_each_time_that_it_is_due(ledger: Connection[Any]) -> None:
    request, later, settled = (write_request(ledger, remind_at=NOW + HOUR * after) for after in (0, 1, 0))
    write_request(ledger)
    ledger.execute("UPDATE approvals SET state = 'approved' WHERE id = %s", (settled,))

    counts = [remind(ledger, NOW + HOUR * hours, announce_reminders) for hours in (0, 0.5, 1, 1.9, 2, 4.5)]

    assert counts == [1, 0, 1, 0, 1, 2]
    assert noted(ledger)[:3] == [("reminder", request), ("reminder", later), ("reminder", request)]


def test_a_rule_without_reminders_is_reminded_of_once(ledger: Connection[Any]) -> None:
    write_request(ledger, rule="gone", remind_at=NOW)

    assert [remind(ledger, NOW + HOUR * hours, announce_reminders) for hours in (0, 1000)] == [1, 0]


def test_the_task_renews_what_waits_for_a_changed_payee(ledger: Connection[Any]) -> None:
    write_payee(ledger, account=b"a")
    old, other = write_request(ledger), write_request(ledger, payee="457")
    write_payee(ledger, account=b"b")

    for _ in range(2):
        remind_of_requests(ledger, {}, lambda *_: None)

    states = dict(ledger.execute("SELECT id::text, state FROM approvals").fetchall())
    (new,) = states.keys() - {old, other}
    assert states == {old: "superseded", other: "waiting", new: "waiting"}
    assert noted(ledger) == [("request", new)]
    assert ledger.execute("SELECT remind_at - created_at FROM approvals WHERE id = %s", (new,)).fetchone() == (
        HOUR * 2,
    )
