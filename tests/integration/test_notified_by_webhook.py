"""Programs are told by a signed webhook, which has no amount in it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection
from standardwebhooks import Webhook as Verifier

from postledger.notifications.announce import announce_refusal, announce_reminders, announce_switch_off
from postledger.platform.postgres.connection import connect
from postledger.policy.notify_config import Webhook
from tests.parts.notifying import SIGNING, START, Notifying
from tests.parts.sinks import Asked, Reply, Sink
from tests.parts.waiting_requests import write_rule

BILL = "01990000-0000-7000-8000-000000000001"
EXPORT = """
INSERT INTO exports (bill_id, target, state, attempts, due_at, content_sha256, fault, created_at, updated_at)
VALUES (%s, 'tryton', 'refused', 1, %s, '', 'The amount 150.00 is not allowed', %s, %s)
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        write_rule(connection, "over-100", ["manager"])
        yield connection


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def notifying(ledger: Connection[Any], master_key: str, sink: Sink) -> Notifying:
    notifying = Notifying(ledger, master_key)
    notifying.configure(webhook=Webhook(sink.url + "/hook", allow_private=True))
    return notifying


def read(asked: Asked) -> Any:
    """Check the signature as a receiver does, except for the time, and read the body."""
    headers = {name.lower(): value for name, value in asked.headers.items()}
    signed = Verifier(SIGNING).sign(headers["webhook-id"], START, asked.body.decode())
    assert headers["webhook-signature"] == signed
    return json.loads(asked.body)


def test_a_request_is_posted_without_its_amount(notifying: Notifying, sink: Sink) -> None:
    request = notifying.ask("150.25")

    notifying.work()

    (asked,) = sink.asked
    assert read(asked) == {
        "type": "approval.waiting",
        "timestamp": "2026-11-01T12:00:00Z",
        "data": {
            "request": request, "subject": "line", "rule": "over-100", "step": 1, "steps": 1, "role": "manager",
        },
    }  # fmt: skip
    assert b"150" not in asked.body
    assert notifying.states() == [("sent", None)]


def test_every_kind_has_a_type_of_its_own(notifying: Notifying, sink: Sink, ledger: Connection[Any]) -> None:
    request = notifying.ask()
    announce_reminders(ledger, [request], START)
    add_forward_off(ledger)
    announce_switch_off(ledger, "voluum", START)
    add_refused_export(ledger)
    announce_refusal(ledger, BILL, "tryton", START)

    notifying.work()

    posted = {each["type"]: each["data"] for each in map(read, sink.asked)}
    assert set(posted) == {"approval.waiting", "approval.reminder", "forward.switched_off", "export.refused"}
    assert posted["forward.switched_off"] == {"forward": "voluum"}
    assert posted["export.refused"] == {"bill": BILL, "number": "B-1", "target": "tryton"}


def test_a_failure_is_tried_again_with_the_same_id_and_body(notifying: Notifying, sink: Sink) -> None:
    sink.reply = Reply(500)
    notifying.ask()
    notifying.work()
    assert notifying.states() == [("waiting", "http_500")]

    sink.reply = Reply(204)
    notifying.pass_time(seconds=30)

    first, again = sink.asked
    assert (first.headers["webhook-id"], first.body) == (again.headers["webhook-id"], again.body)
    assert notifying.states() == [("sent", None)]


def test_a_private_address_is_not_asked(notifying: Notifying, sink: Sink) -> None:
    notifying.configure(webhook=Webhook(sink.url))
    notifying.ask()

    notifying.work()

    assert (sink.asked, notifying.states()) == ([], [("waiting", "blocked_loopback")])


def test_what_is_over_is_not_posted(notifying: Notifying, sink: Sink, ledger: Connection[Any]) -> None:
    notifying.ask()
    add_forward_off(ledger)
    announce_switch_off(ledger, "voluum", START)
    ledger.execute("UPDATE approvals SET state = 'superseded'")
    ledger.execute("UPDATE forwards SET circuit = 'closed'")

    notifying.work()

    assert (sink.asked, notifying.states()) == ([], [("obsolete", None)] * 2)


def add_forward_off(ledger: Connection[Any]) -> None:
    """Add a forward that is switched off."""
    ledger.execute(
        "INSERT INTO forwards (slug, settings, created_at, updated_at, circuit) VALUES ('voluum', '{}', %s, %s, 'off')",
        (START, START),
    )


def add_refused_export(ledger: Connection[Any]) -> None:
    """Add a bill that a target refuses."""
    ledger.execute(
        "INSERT INTO bills (id, number, payee, period, currency, nth, exact, carried_in, amount, carried_out, state,"
        " items_sha256, created_by, created_at, updated_at)"
        " VALUES (%s, 'B-1', '456', %s, 'USD', 1, 150, 0, 150, 0, 'approved', '', 'ada', %s, %s)",
        (BILL, START.date(), START, START),
    )
    ledger.execute(EXPORT, (BILL, START, START, START))
