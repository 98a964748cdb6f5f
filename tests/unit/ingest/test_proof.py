"""What an entry keeps of how it was read and verified, so that a replay can judge its row again."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry, Proof
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from tests.parts.sender import sign_query
from tests.parts.signed_requests import GOOD, NOW, SECRET, get, post, source

SIGNED_AT = datetime.fromtimestamp(1_790_000_000, UTC)
JSON, FORM = b'{"click_id":"A","payout":"1"}', b"click_id=A&payout=1"


def judge(request: Request, by: Source | None = None) -> Entry:
    return evaluate(request, by or source(), 412)


def test_a_signed_get_keeps_its_signed_time_and_the_policy() -> None:
    entry = judge(get(GOOD))

    assert (entry.proof, entry.policy_version, entry.idempotency_key) == (Proof(signed_at=SIGNED_AT), 412, None)


@pytest.mark.parametrize(
    ("body", "media_type", "kind"),
    [(JSON, "application/json", "json"), (FORM, "application/x-www-form-urlencoded", "form")],
)
def test_a_signed_post_keeps_its_kind_and_its_scheme(body: bytes, media_type: str, kind: Any) -> None:
    assert judge(post(body, media_type)).proof == Proof(kind, 1, signed_at=SIGNED_AT)


def test_a_post_without_a_body_keeps_that_it_was_a_query() -> None:
    request = msgspec.structs.replace(get(GOOD), method="POST")

    assert judge(request).proof == Proof("query", signed_at=SIGNED_AT)


def test_an_unsigned_post_keeps_its_kind_and_an_unsigned_get_needs_nothing() -> None:
    by = source(auth="none")

    assert judge(Request("r", NOW, "POST", body=JSON, media_type="application/json"), by).proof == Proof("json")
    assert judge(Request("r", NOW, "GET", query=FORM), by).proof is None


def test_the_decoding_that_verified_is_kept_if_it_is_not_the_usual_one() -> None:
    scheme = {
        "methods": ["GET"],
        "signature": {"from": "query", "name": "sig"},
        "mac": "hmac-sha256",
        "message": "{parameters}",
        "parameters": {"from": "query", "item": "{name}={value}", "join": "&", "drop": ["sig"]},
        "decode": ["form", "pct"],
    }
    read = msgspec.convert({"currency": "USD", "signature": {"schemes": [scheme]}}, Settings)
    by = Source(1, "acme", read, (Key.from_secret(11, SECRET),), find_profile(read))

    def decoding_of(signed: str) -> str | None:
        query = f"click_id=A+B&payout=1&sig={sign_query(SECRET, signed.encode())}"
        entry = judge(Request("r", NOW, "GET", query=query.encode()), by)
        assert entry.proof is not None, entry.refusal
        return entry.proof.decoding

    assert (decoding_of("click_id=A+B&payout=1"), decoding_of("click_id=A B&payout=1")) == ("pct", None)


def test_a_forgery_and_a_request_that_cannot_be_read_keep_nothing() -> None:
    forged = judge(Request("r", NOW, "GET", query=GOOD.encode() + b"&sig=00"))
    unreadable = judge(Request("r", NOW, "GET", query=b"click_id=%ff"))

    assert [(one.proof, one.policy_version) for one in (forged, unreadable)] == [(None, None)] * 2


def test_a_refusal_after_the_signature_keeps_all_of_it() -> None:
    entry = judge(get("click_id=A&status=nonsense&ts=1790000000"))

    assert entry.refusal is not None
    assert (entry.proof, entry.policy_version) == (Proof(signed_at=SIGNED_AT), 412)


def test_the_id_of_a_charge_is_kept_if_each_request_is_one() -> None:
    every = source(duplicates="every")
    refused = b'{"click_id":"A","status":"nonsense"}'

    keys = [judge(post(body), by).idempotency_key for body in (JSON, refused) for by in (every, source())]

    assert keys == ["id msg_1", None, "id msg_1", None]
