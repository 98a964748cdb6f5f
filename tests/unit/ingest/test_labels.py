"""Labels never cost the conversion: what cannot be stored is cut or left out, and noted with its cause."""

import json

import pytest

from postledger.ingest.receive import evaluate
from postledger.policy.source import Source
from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Cause, malformed
from tests.parts.signed_requests import get, post, refusal_of, source

ACME = source()


def event_of(query: str, by: Source = ACME) -> Event:
    entry = evaluate(get(f"click_id=A&payout=5&{query}&ts=1790000000"), by)
    assert entry.event is not None, entry.refusal
    return entry.event


@pytest.mark.parametrize(
    ("query", "kept", "cause"),
    [
        ("sub1=" + "x" * 256, "x" * 255, LabelCause.TOO_LONG),
        ("sub1=" + "x" * 9000, "x" * 255, LabelCause.TOO_LONG),
        ("sub1=a%09b", None, LabelCause.UNPRINTABLE),
        ("sub1=a%C2%A0b", None, LabelCause.UNPRINTABLE),
        ("sub1=a%E2%80%8Cb", None, LabelCause.UNPRINTABLE),
        ("sub1=a%0Ab", None, LabelCause.UNPRINTABLE),
        ("sub1={sub5}", None, LabelCause.UNRESOLVED_MACRO),
        ("sub1=%7Bsub5%7D", None, LabelCause.UNRESOLVED_MACRO),
        ("sub1=#s2#,#s3#", None, LabelCause.UNRESOLVED_MACRO),
        ("sub1=__SUB1__", None, LabelCause.UNRESOLVED_MACRO),
        ("sub1=REPLACE", None, LabelCause.UNRESOLVED_MACRO),
        ("sub1=%E9t%E9", None, LabelCause.ENCODING),
        ("sub1=100%", None, LabelCause.ENCODING),
        ("sub1=a%00b", None, LabelCause.ENCODING),
        ("sub1=a&sub1=b", "a", LabelCause.REPEATED),
        ("sub1=&sub1=b", "b", None),
        ("sub1=a&sub1=a", "a", None),
    ],
)
def test_a_label_that_cannot_be_stored_costs_no_money(query: str, kept: str | None, cause: LabelCause | None) -> None:
    event = event_of(query)

    assert (event.subs or {}).get("sub1") == kept
    assert event.label_notes == (None if cause is None else {"sub1": cause})


@pytest.mark.parametrize(
    "value",
    ["", "x", "summer sale", "a{b}c", "%7B%22u%22%3A1%7D", "(two words)", "a_b-c", "50%25", "x" * 255, "%C3%A9"],
)
def test_an_ordinary_label_is_kept_without_a_note(value: str) -> None:
    event = event_of(f"sub1={value}&sub2=y")

    assert (event.label_notes, (event.subs or {})["sub2"]) == (None, "y")
    assert "sub1" in (event.subs or {})


def test_a_literal_label_may_look_like_a_placeholder() -> None:
    event = event_of("sub1={sub1}", source(literal=["sub1"]))

    assert (event.subs, event.label_notes) == ({"sub1": "{sub1}"}, None)


def test_a_personal_label_is_hashed_whatever_bytes_it_holds() -> None:
    by = source(pii=["sub1"])
    entry = evaluate(get("click_id=A&sub1=m%FF&ts=1790000000"), by)

    assert entry.event is not None
    assert entry.event.subs == {"sub1": "***"}
    assert b"%FF" not in entry.raw


@pytest.mark.parametrize(
    ("member", "kept", "cause"),
    [
        ('"sub1":"\\u0000"', None, LabelCause.ENCODING),
        ('"sub1":"\\ud83d"', None, LabelCause.ENCODING),
        ('"sub1":"a","sub1":"b"', "a", LabelCause.REPEATED),
        ('"sub1":"{sub1}"', None, LabelCause.UNRESOLVED_MACRO),
        ('"note":"\\u0000","note2":"\\ud83d"', None, None),
    ],
)
def test_a_label_in_json_costs_no_money(member: str, kept: str | None, cause: LabelCause | None) -> None:
    entry = evaluate(post(f'{{"click_id":"A","payout":"5",{member}}}'.encode()), source(pii=["note3"]))

    assert entry.event is not None, entry.refusal
    assert (entry.event.subs or {}).get("sub1") == kept
    assert entry.event.label_notes == (None if cause is None else {"sub1": cause})


def test_personal_data_in_json_are_masked_whatever_they_hold() -> None:
    body = b'{"click_id":"A","email":"\\ud83d","note":"\\udead"}'
    entry = evaluate(post(body), source(pii=["email"]))

    assert entry.refusal is None
    assert json.loads(entry.raw) == {"click_id": "A", "email": "***", "note": "\udead"}


def test_an_id_in_json_that_cannot_be_stored_is_malformed_where_it_stands() -> None:
    assert refusal_of(post(b'{"click_id":"\\u0000"}')) == malformed(Cause.NUL, 13).refusal
