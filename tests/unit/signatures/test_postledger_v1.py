"""The profile postledger-v1: published example, foreign clients, and forgeries."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason
from tests.parts.sender import sign_query

MESSAGE = b"click_id=ABC123&payout=0.50&affiliate_id=456&transaction_id=TXN789&ts=1790000000"
SIGNATURE = "b5bd8274b5d0359a26972e2a817c0acc3484b4aa2ff06ec4c51828ede13c335f"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime.fromtimestamp(1_790_000_000, UTC)
SECRETS = ("s3cret-current", "s3cret-previous")
BODY = b'{"click_id": "ABC123"}'
HEADERS = {"webhook-id": "msg_1", "webhook-timestamp": "1790000000"}


def source(*secrets: str) -> Source:
    keys = tuple(Key.from_secret(number, secret) for number, secret in enumerate(secrets, 1))
    return Source(1, "acme", Settings(currency="USD"), keys)


def judge_query(
    message: bytes, signature: str, secrets: Sequence[str] = ("s3cret-current", "s3cret-previous")
) -> Entry:
    return evaluate(Request("r", NOW, "GET", query=message + b"&sig=" + signature.encode()), source(*secrets))


def judge_webhook(headers: dict[str, str], secret: str = WHSEC) -> Entry:
    request = Request("r", NOW, "POST", body=BODY, media_type="application/json", headers=headers)
    return evaluate(request, source(secret))


def reason_of(entry: Entry) -> Reason | None:
    return entry.refusal.reason if entry.refusal else None


def test_the_worked_example_of_the_contract_verifies() -> None:
    entry = judge_query(MESSAGE, SIGNATURE)

    assert (entry.refusal, entry.secret_id) == (None, 1)


def test_the_previous_secret_verifies_and_its_id_is_recorded() -> None:
    entry = judge_query(MESSAGE, sign_query("s3cret-previous", MESSAGE))

    assert (entry.refusal, entry.secret_id) == (None, 2)


@pytest.mark.parametrize("signature", ["x", SIGNATURE[:-1], SIGNATURE.upper(), SIGNATURE + "0", "%C3%A9" * 64])
def test_any_other_signature_is_bad(signature: str) -> None:
    assert reason_of(judge_query(MESSAGE, signature)) is Reason.BAD_SIGNATURE


@given(st.integers(0, len(MESSAGE) - 1), st.integers(1, 255))
def test_one_changed_byte_refuses(position: int, difference: int) -> None:
    forged = bytearray(MESSAGE)
    forged[position] ^= difference

    assert judge_query(bytes(forged), SIGNATURE).event is None


@pytest.mark.parametrize("library", [StandardWebhook, SvixWebhook])
@pytest.mark.parametrize("family", ["webhook", "svix"])
def test_unmodified_client_libraries_are_accepted(
    library: type[StandardWebhook] | type[SvixWebhook], family: str
) -> None:
    signature = library(WHSEC).sign("msg_1", NOW, BODY.decode())
    headers = {f"{family}-id": "msg_1", f"{family}-timestamp": "1790000000", f"{family}-signature": signature}

    assert reason_of(judge_webhook(headers)) is None


def test_one_good_signature_in_a_list_is_enough() -> None:
    good = StandardWebhook(WHSEC).sign("msg_1", NOW, BODY.decode())

    entry = judge_webhook({**HEADERS, "webhook-signature": f"v1a,AAAA v1,bm9uc2Vuc2U= {good}"})

    assert reason_of(entry) is None


@pytest.mark.parametrize("signature", ["v1,", "v2,xxxx", "garbage", " ", "v1,é"])
def test_a_webhook_signature_that_does_not_match_is_bad(signature: str) -> None:
    assert reason_of(judge_webhook({**HEADERS, "webhook-signature": signature})) is Reason.BAD_SIGNATURE


def test_an_incomplete_set_of_headers_is_no_signature() -> None:
    signature = StandardWebhook(WHSEC).sign("msg_1", NOW, BODY.decode())

    assert reason_of(judge_webhook(HEADERS)) is Reason.MISSING_SIGNATURE
    assert reason_of(judge_webhook({"webhook-id": "msg_1", "webhook-signature": signature})) is Reason.MISSING_SIGNATURE


def test_a_source_without_keys_verifies_nothing() -> None:
    assert reason_of(judge_query(MESSAGE, sign_query("", MESSAGE), ())) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("age_s", "reason"),
    [(1800, None), (1801, Reason.STALE_TIMESTAMP), (-300, None), (-301, Reason.FUTURE_TIMESTAMP)],
)
def test_a_timestamp_is_valid_30_minutes_back_and_5_minutes_ahead(age_s: int, reason: Reason | None) -> None:
    message = b"click_id=A&ts=%d" % (1_790_000_000 - age_s)

    assert reason_of(judge_query(message, sign_query("s3cret-current", message))) is reason
