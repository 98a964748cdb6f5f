"""Sources with a token: it is compared as a whole and never stored."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason

NOW = datetime.fromtimestamp(1_790_000_000, UTC)
FORM = "application/x-www-form-urlencoded"


def source(*tokens: str, **settings: Any) -> Source:
    stored = msgspec.convert({"auth": "token", "token": "key", "currency": "USD", **settings}, Settings)
    keys = tuple(Key.from_secret(number, token) for number, token in enumerate(tokens or ("t0ken", "older"), 1))
    return Source(1, "acme", stored, keys, find_profile(stored))


def get(query: str, **headers: str) -> Request:
    return Request("r", NOW, "GET", query=query.encode(), headers=headers)


def post(body: bytes, query: bytes = b"") -> Request:
    media_type = "application/json" if body.startswith(b"{") else FORM
    return Request("r", NOW, "POST", query=query, body=body, media_type=media_type)


def reason_of(entry: Entry) -> Reason | None:
    return entry.refusal.reason if entry.refusal else None


@pytest.mark.parametrize(
    "request_",
    [
        get("click_id=A&key=t0ken"),
        get("key=older&click_id=A"),
        post(b"click_id=A&key=t0ken"),
        post(b'{"click_id":"A","key":"t0ken"}'),
        post(b"click_id=A", b"key=t0ken"),
    ],
)
def test_a_token_is_taken_from_query_or_body_and_not_stored(request_: Request) -> None:
    entry = evaluate(request_, source())

    assert entry.refusal is None
    assert b"t0ken" not in entry.raw
    assert b"older" not in entry.raw


def test_the_token_that_matched_is_known() -> None:
    assert evaluate(get("click_id=A&key=older"), source()).secret_id == 2


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (get("click_id=A"), Reason.MISSING_SIGNATURE),
        (get("click_id=A&key="), Reason.MISSING_SIGNATURE),
        (get("click_id=A&sig=t0ken"), Reason.MISSING_SIGNATURE),
        (get("click_id=A&key=T0KEN"), Reason.BAD_SIGNATURE),
        (get("click_id=A&key=t0ke"), Reason.BAD_SIGNATURE),
        (get("click_id=A&key=t0ken&key=t0ken"), Reason.DUPLICATE_PARAMETER),
        (post(b"click_id=A", b"key=t0ken&key=t0ken"), Reason.DUPLICATE_PARAMETER),
        (get("click_id=A&key={token}"), Reason.UNRESOLVED_MACRO),
        (post(b"click_id=A", b"payout=9&key=t0ken"), Reason.MALFORMED),
    ],
)
def test_nothing_else_passes(request_: Request, reason: Reason) -> None:
    assert reason_of(evaluate(request_, source())) is reason


def test_a_bearer_token_needs_its_word() -> None:
    by = source(token_header="Authorization")

    assert reason_of(evaluate(get("click_id=A", authorization="Bearer t0ken"), by)) is None
    assert reason_of(evaluate(get("click_id=A", authorization="t0ken"), by)) is Reason.BAD_SIGNATURE


@given(st.text(max_size=12))
def test_no_other_text_is_the_token(text: str) -> None:
    request = Request("r", NOW, "GET", query=b"click_id=A", headers={"x-key": text})

    assert (evaluate(request, source("t0ken", token_header="X-Key")).event is not None) == (text == "t0ken")
