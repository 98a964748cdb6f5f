"""Notices: requests of a network that report no conversion. They are verified, answered 200, and nothing is booked."""

from typing import Any

import pytest

from postledger.ingest.receive import find_response
from postledger.ledger.entry import Outcome
from postledger.policy.config_file import BadConfiguration
from postledger.responses.network_responses import NetworkResponse
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from postledger.vocabulary.statuses import Verdict
from tests.parts.token_sources import ask, make

A_NOTICE = Refusal(Reason.INVALID_PARAMETER, "status", cause=Cause.NOTICE)
NOTICES = (
    "connection_test", "on_payment_missed", "payment_denial", "on_rebill_cancelled", "on_rebill_resumed",
    "last_paid_day", "on_affiliation", "eticket", "custom_form",
)  # fmt: skip


@pytest.mark.parametrize("event", [*NOTICES, "Connection_Test"])
def test_an_event_of_digistore_that_is_no_sale_is_a_notice(event: str) -> None:
    entry = ask(make(preset="digistore24", auth="token"), f"event={event}&order_id=O1")

    assert (entry.event, entry.refusal) == (None, A_NOTICE)


def test_a_notice_without_its_proof_is_refused_for_that() -> None:
    entry = ask(make(preset="digistore24", auth="token", token="key"), "event=connection_test")

    assert entry.refusal == Refusal(Reason.MISSING_SIGNATURE)


def test_an_unknown_event_is_no_notice() -> None:
    entry = ask(make(preset="digistore24", auth="token"), "custom=C1&event=on_something_new")

    assert entry.refusal == Refusal(Reason.INVALID_PARAMETER, "status")


@pytest.mark.parametrize(
    ("own", "status", "body"),
    [
        ({}, 200, None),
        ({"ack": {"ok": "OK"}}, 200, b"OK"),
        ({"ack": {"ok": "{transaction_id}:OK"}}, 200, None),
        ({"ack": {"ok": "OK", "refused": {"status": 500}}}, 200, b"OK"),
        ({"ack": {"ok": "OK", "notice": {"status": 202, "body": "seen"}}}, 202, b"seen"),
    ],
)
def test_a_notice_is_answered_as_a_success(own: dict[str, Any], status: int, body: bytes | None) -> None:
    by = make(auth="token", notices={"type": "ping"}, **own)
    entry = ask(by, "type=ping")

    response = find_response(Outcome(Verdict.REFUSED, entry.refusal), entry, by)

    assert response == NetworkResponse(status, body)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"notices": {"token": "x"}}, "token is the parameter of the signature or its timestamp"),
        ({"notices": {"type": "x"}, "pii": "type"}, "type is masked by pii"),
        ({"notices": "x"}, "must be a table [sources.notices]"),
        ({"notices": {"type": 1}}, "must be text of 1 to 255 printable characters"),
    ],
)
def test_wrong_notices_are_faults(own: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        make(auth="token", **own)

    assert str(caught.value.faults[0]).startswith(f"sources[net].notices: {message}")
