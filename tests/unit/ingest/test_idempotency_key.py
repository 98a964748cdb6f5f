"""The occasion: a repeat of a request is not a second charge, and a second charge is not a repeat."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from postledger.ingest.receive import evaluate
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from tests.parts.sender import sign_query, sign_webhook

NOW = datetime.fromtimestamp(1_790_000_010, UTC)
SECRET = "s3cret"
UNDATED = {
    "schemes": [
        {
            "methods": ["GET"],
            "signature": {"from": "query", "name": "sig"},
            "mac": "hmac-sha256",
            "message": "{query}",
        }
    ]
}


def source(**settings: Any) -> Source:
    document = {"currency": "USD", "duplicates": "every", "key": "click", **settings}
    read = msgspec.convert(document, Settings)
    return Source(1, "acme", read, (Key.from_secret(1, SECRET),), find_profile(read))


def charge(request: Request, by: Source) -> str:
    """What names the conversion that a request is about."""
    entry = evaluate(request, by)
    assert entry.event is not None, entry.refusal
    return entry.event.dedup_key


def get(receipt: str, query: str) -> Request:
    return Request(receipt, NOW, "GET", query=query.encode())


def signed(receipt: str, query: str) -> Request:
    return get(receipt, f"{query}&sig={sign_query(SECRET, query.encode())}")


def webhook(receipt: str, message_id: str, unix_s: str, body: bytes = b'{"click_id":"C","payout":"5"}') -> Request:
    signature = sign_webhook(SECRET, message_id, unix_s, body)
    headers = {"webhook-id": message_id, "webhook-timestamp": unix_s, "webhook-signature": signature}
    return Request(receipt, NOW, "POST", body=body, media_type="application/json", headers=headers)


def test_the_very_same_signed_request_is_the_same_charge_and_one_of_another_second_is_not() -> None:
    rebill = "click_id=C&payout=5&ts=1790000000"
    first, again = (charge(signed(receipt, rebill), source()) for receipt in ("r1", "r2"))
    later = charge(signed("r3", "click_id=C&payout=5&ts=1790000001"), source())

    assert first == again != later


def test_who_moves_the_signature_in_a_request_that_he_saw_makes_no_second_charge() -> None:
    query = "click_id=C&payout=5&ts=1790000000"
    moved = get("r2", f"sig={sign_query(SECRET, query.encode())}&{query}")

    assert charge(signed("r1", query), source()) == charge(moved, source())


def test_a_webhook_goes_by_its_id_however_often_it_is_signed_anew() -> None:
    first, again, other = (
        charge(webhook(*words), source())
        for words in (("r1", "m1", "1790000000"), ("r2", "m1", "1790000005"), ("r3", "m2", "1790000000"))
    )

    assert first == again != other


@pytest.mark.parametrize("settings", [{"auth": "none"}, {"auth": "token"}, {"signature": UNDATED}])
def test_where_nothing_is_dated_no_charge_is_lost(settings: dict[str, Any]) -> None:
    query = "click_id=C&payout=5" + ("&token=s3cret" if "auth" in settings else "")
    first, second = (charge(signed(receipt, query), source(**settings)) for receipt in ("r1", "r2"))

    assert first != second


def test_what_says_when_it_happened_is_the_same_charge_in_any_order_of_its_parameters() -> None:
    by = source(auth="token")
    first = charge(get("r1", "click_id=C&payout=5&event_time=1790000000&token=s3cret"), by)
    again = charge(get("r2", "token=s3cret&event_time=1790000000&payout=5&click_id=C"), by)
    next_day = charge(get("r3", "click_id=C&payout=5&event_time=1789913600&token=s3cret"), by)

    assert first == again != next_day


def test_what_nobody_signed_is_not_known_by_its_time_in_observe_mode() -> None:
    forged = "click_id=C&ts=1790000000&sig=00"
    first, second = (charge(get(receipt, forged), source(mode="observe")) for receipt in ("r1", "r2"))

    assert first != second


def test_a_transaction_id_goes_before_all_of_that() -> None:
    first, again = (
        charge(signed(receipt, f"click_id=C&transaction_id=T&payout=5&ts={ts}"), source())
        for receipt, ts in (("r1", "1790000000"), ("r2", "1790000001"))
    )

    assert first == again


def test_an_id_that_nobody_signed_makes_no_second_charge_and_a_signed_time_does() -> None:
    scheme = {
        "methods": ["POST"],
        "signature": {"from": "header", "name": "x-sig"},
        "mac": "hmac-sha256",
        "message": "{ts}.{body}",
        "timestamp": {"from": "header", "name": "x-ts"},
        "id": {"from": "header", "name": "x-id"},
    }
    by, body = source(signature={"schemes": [scheme]}), b'{"click_id":"C","payout":"5"}'

    def sent(receipt: str, message_id: str, unix_s: str) -> Request:
        signature = hmac.new(SECRET.encode(), f"{unix_s}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"x-sig": signature, "x-ts": unix_s, "x-id": message_id}
        return Request(receipt, NOW, "POST", body=body, media_type="application/json", headers=headers)

    first, replayed = (charge(sent(receipt, receipt, "1790000000"), by) for receipt in ("r1", "r2"))

    assert first == replayed != charge(sent("r3", "r1", "1790000001"), by)
