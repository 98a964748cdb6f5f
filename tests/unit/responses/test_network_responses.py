"""The responses that networks require instead of our JSON."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.toml_table import BadValue
from postledger.ingest.receive import evaluate, find_response
from postledger.ledger.entry import Entry, Outcome
from postledger.policy.source import Settings, Source
from postledger.responses.network_responses import NetworkResponse, read_responses
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Verdict

NOW = datetime.fromtimestamp(1_790_000_010, UTC)


def source(ack: object) -> Source:
    return Source(1, "acme", msgspec.convert({"auth": "none", "ack": read_responses(ack)}, Settings))


def entry_of(query: bytes, by: Source) -> Entry:
    return evaluate(Request("receipt", NOW, "GET", query=query), by)


def ack_of(ack: object, outcome: Outcome, query: bytes = b"click_id=C1&transaction_id=T1") -> NetworkResponse | None:
    by = source(ack)
    return find_response(outcome, entry_of(query, by), by)


def refusal(reason: Reason) -> Outcome:
    return Outcome(Verdict.REFUSED, Refusal(reason))


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.UPDATED, Verdict.DUPLICATE, Verdict.PARKED])
def test_every_accepted_outcome_gets_the_same_response(verdict: Verdict) -> None:
    assert ack_of({"ok": "1"}, Outcome(verdict)) == NetworkResponse(None, b"1")


def test_a_specific_outcome_overrides_the_general_one_field_by_field() -> None:
    ack = {"ok": {"status": 202, "body": "yes"}, "duplicate": {"status": 400}, "refused": "no", "conflict": "late"}

    said = [ack_of(ack, outcome) for outcome in (
        Outcome(Verdict.ACCEPTED), Outcome(Verdict.DUPLICATE), refusal(Reason.MALFORMED), refusal(Reason.CONFLICT),
    )]  # fmt: skip

    assert said == [
        NetworkResponse(202, b"yes"), NetworkResponse(400, b"yes"), NetworkResponse(None, b"no"),
        NetworkResponse(None, b"late"),
    ]  # fmt: skip


def test_the_validated_ids_of_the_event_fill_the_body() -> None:
    said = ack_of({"ok": "{transaction_id}:{event}:OK"}, Outcome(Verdict.ACCEPTED), b"click_id=C1&transaction_id=%4a")

    assert said == NetworkResponse(None, b"J:conversion:OK")


def test_a_missing_id_keeps_our_own_response() -> None:
    assert ack_of({"ok": "{transaction_id}:OK"}, Outcome(Verdict.ACCEPTED), b"click_id=C1") is None


def test_an_unavailable_refusal_keeps_our_response() -> None:
    assert ack_of({"ok": "1", "refused": {"status": 200, "body": "1"}}, refusal(Reason.UNAVAILABLE)) is None


def test_a_body_of_json_is_no_placeholder() -> None:
    assert ack_of({"ok": '{"isValid":true}'}, Outcome(Verdict.ACCEPTED)) == NetworkResponse(None, b'{"isValid":true}')


@pytest.mark.parametrize(
    ("ack", "told"),
    [
        ("1", "must be a table [sources.ack]"),
        ({"okay": "1"}, "okay is not an outcome with a response of its own; use one of ok, accepted"),
        ({"unavailable": "1"}, "unavailable is not an outcome with a response of its own"),
        ({"ok": 1}, "ok must be a body in quotes"),
        ({"ok": {"body": "1", "code": 200}}, "ok must be a body in quotes"),
        ({"ok": {"status": 500}}, "ok: the network would repeat a postback that was accepted"),
        ({"updated": {"status": 409}}, "updated: the network would repeat a postback that was accepted"),
        ({"duplicate": {"status": 301}}, "duplicate: status must be 200, 201, 202 or 400 to 599"),
        ({"refused": {"status": 100}}, "refused: status must be 200, 201, 202 or 400 to 599"),
        ({"ok": ""}, "must be text of 1 to 255 printable characters"),
        ({"ok": "a\nb"}, "must be text of 1 to 255 printable characters"),
        ({"ok": "{payout}"}, "ok: {payout} is not a placeholder; use {click_id} {transaction_id} {event}"),
        ({"refused": "{click_id}"}, "refused: a refusal must not echo what was sent"),
        ({"bad_signature": "{click_id}"}, "bad_signature: a refusal must not echo what was sent"),
    ],
)
def test_an_invalid_response_template_is_a_fault(ack: object, told: str) -> None:
    with pytest.raises(BadValue) as caught:
        read_responses(ack)

    assert str(caught.value).startswith(told)


@given(st.text(min_size=1, max_size=255).filter(str.isprintable))
def test_an_id_in_the_body_is_exactly_what_was_validated(transaction_id: str) -> None:
    by = source({"ok": "{transaction_id}:OK"})
    query = urlencode({"click_id": "C1", "transaction_id": transaction_id, "sub1": "x"}).encode()

    entry = entry_of(query, by)

    said = find_response(Outcome(Verdict.ACCEPTED), entry, by)
    if entry.event is None:  # a macro, say: what is refused has no event to speak of
        assert said is None
    else:
        assert said == NetworkResponse(None, f"{transaction_id}:OK".encode())
