"""What is stored of a forged body that is too long to be read."""

import hashlib
from typing import Any

import msgspec
import pytest

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES, Whole
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.refusal import Reason, Refusal
from tests.parts.signed_requests import SECRET, post

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PADDING = b"x" * 3000


def evaluate_forged(body: bytes, media_type: str, **settings: Any) -> Entry:
    read = msgspec.convert({"currency": "USD", **settings}, Settings)
    source = Source(1, "acme", read, (Key.from_secret(11, SECRET),), pii_key=b"key")
    entry = evaluate(msgspec.structs.replace(post(b"{}"), body=body, media_type=media_type), source)
    assert entry.refusal == Refusal(Reason.BAD_SIGNATURE)
    return entry


def whole_of(body: bytes) -> Whole:
    return Whole(len(body), hashlib.sha256(body).digest())


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"click_id":"A","payout":1,"note":"' + PADDING + b'"}', b'{"click_id":"A","payout":1,'),
        (b'{"click_id":"A",' + PADDING, b'{"click_id":"A",'),
        (PADDING, PADDING[:MAX_UNPROVED_RAW_BYTES]),
    ],
)
def test_the_beginning_is_stored_with_length_and_hash_of_the_whole(body: bytes, kept: bytes) -> None:
    entry = evaluate_forged(body, JSON, pii=["email"])

    assert (entry.raw, entry.whole) == (kept, whole_of(body))


@pytest.mark.parametrize("length", [MAX_UNPROVED_RAW_BYTES, MAX_UNPROVED_RAW_BYTES + 1])
def test_a_body_within_the_limit_is_stored_whole(length: int) -> None:
    body = b'{"click_id":"' + b"A" * (length - 15) + b'"}'

    entry = evaluate_forged(body, JSON)

    is_whole = length == MAX_UNPROVED_RAW_BYTES
    assert (entry.raw == body, entry.whole) == (is_whole, None if is_whole else whole_of(body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"click_id":"A","email":"ann@example.org","note":"' + PADDING + b'"}',
        b'{"click_id":"A","e\\u006dail":"ann@example.org","note":"' + PADDING + b'"}',
        b'{"click_id":"A","note":"' + PADDING + b'","email":"ann@example.org"}',
    ],
)
def test_of_json_with_a_masked_name_only_the_length_is_stored(body: bytes) -> None:
    entry = evaluate_forged(body, JSON, pii=["email"])

    assert (entry.raw, entry.whole) == (b"", Whole(len(body), None))


def test_a_masked_parameter_of_a_form_is_hashed() -> None:
    body = b"click_id=A&email=ann%40example.org&e%6dail=bob%40example.org&note=" + PADDING

    entry = evaluate_forged(body, FORM, pii=["email"])

    assert entry.raw.startswith(b"click_id=A&email=h-")
    assert b"example.org" not in entry.raw
    assert entry.whole == Whole(len(body), None)


def test_a_form_with_a_broken_beginning_is_stored_by_its_length() -> None:
    body = b"email=" + b"&" * 1000 + PADDING

    entry = evaluate_forged(body, FORM, pii=["email"])

    assert (entry.raw, entry.whole) == (b"", Whole(len(body), None))


def test_a_form_without_masked_names_is_stored_by_its_beginning() -> None:
    body = b"click_id=A%20B&payout=1&note=" + PADDING

    entry = evaluate_forged(body, FORM, pii=["email"])

    assert (entry.raw, entry.whole) == (b"click_id=A%20B&payout=1", whole_of(body))


def test_a_partner_token_at_the_cut_is_masked() -> None:
    token = b"plt_" + b"A" * 43
    body = b"x" * (MAX_UNPROVED_RAW_BYTES - 24) + token + PADDING

    assert token[:16] not in evaluate_forged(body, JSON).raw
