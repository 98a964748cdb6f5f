"""What people are to be told is noted with its cause, once for each channel that is configured."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from postledger.notifications.announce import announce_refusal, announce_requests, announce_switch_off
from postledger.platform.postgres.connection import connect

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOTED = "SELECT kind, subject_id, channel, user_id FROM notifications ORDER BY created_at, channel, subject_id"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def configure(ledger: Connection[Any], settings: str) -> None:
    """Store the settings of `[notify]`."""
    ledger.execute("INSERT INTO notify (settings, updated_at) VALUES (%s, %s)", (settings, NOW))


def test_nothing_is_noted_without_a_channel(ledger: Connection[Any]) -> None:
    announce_switch_off(ledger, "voluum", NOW)
    configure(ledger, '{"console_url": "https://console.example"}')
    announce_switch_off(ledger, "voluum", NOW)

    assert ledger.execute(NOTED).fetchall() == []


def test_each_channel_gets_a_note_of_each_subject(ledger: Connection[Any]) -> None:
    configure(ledger, '{"mail": {}, "webhook": {}}')
    one, other = sorted([uuid4(), uuid4()], key=str)

    announce_requests(ledger, [one, other], NOW)

    assert ledger.execute(NOTED).fetchall() == [
        ("request", str(one), "mail", None),
        ("request", str(other), "mail", None),
        ("request", str(one), "webhook", None),
        ("request", str(other), "webhook", None),
    ]


def test_what_is_rolled_back_leaves_no_note(ledger: Connection[Any]) -> None:
    configure(ledger, '{"webhook": {}}')

    with ledger.transaction(force_rollback=True):
        announce_refusal(ledger, uuid4(), "tryton", NOW)

    assert ledger.execute(NOTED).fetchall() == []


def test_one_cause_is_noted_once(ledger: Connection[Any]) -> None:
    configure(ledger, '{"webhook": {}}')

    announce_switch_off(ledger, "voluum", NOW)
    announce_switch_off(ledger, "voluum", NOW)

    assert ledger.execute(NOTED).fetchall() == [("forward_off", "voluum", "webhook", None)]
