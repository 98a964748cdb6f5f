"""The profile postledger-v1: published example, foreign clients, and forgeries."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from postledger.domain.refusal import Reason, Refused
from postledger.domain.signing import (
    Key,
    WebhookHeaders,
    check_timestamp,
    find_webhook_headers,
    match_query,
    match_webhook,
    sign_query,
)

MESSAGE = b"click_id=ABC123&payout=0.50&affiliate_id=456&transaction_id=TXN789&ts=1790000000"
SIGNATURE = "b5bd8274b5d0359a26972e2a817c0acc3484b4aa2ff06ec4c51828ede13c335f"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEYS = (Key.from_secret(1, "s3cret-current"), Key.from_secret(2, "s3cret-previous"))


def test_the_worked_example_of_the_contract_verifies() -> None:
    assert match_query(KEYS, MESSAGE, SIGNATURE).secret_id == 1


def test_the_previous_secret_is_as_good_and_known_by_its_id() -> None:
    assert match_query(KEYS, MESSAGE, sign_query(b"s3cret-previous", MESSAGE)).secret_id == 2


@pytest.mark.parametrize("signature", ["", "x", SIGNATURE[:-1], SIGNATURE.upper(), SIGNATURE + "0", "é" * 64])
def test_any_other_signature_is_bad(signature: str) -> None:
    with pytest.raises(Refused) as refused:
        match_query(KEYS, MESSAGE, signature)

    assert refused.value.refusal.reason is Reason.BAD_SIGNATURE


@given(st.integers(0, len(MESSAGE) - 1), st.integers(1, 255))
def test_one_changed_byte_refuses(position: int, difference: int) -> None:
    forged = bytearray(MESSAGE)
    forged[position] ^= difference

    with pytest.raises(Refused):
        match_query(KEYS, bytes(forged), SIGNATURE)


@pytest.mark.parametrize("library", [StandardWebhook, SvixWebhook])
def test_unmodified_client_libraries_are_accepted(library: type[StandardWebhook] | type[SvixWebhook]) -> None:
    body = '{"click_id": "ABC123", "payout": "0.50"}'
    now = datetime.now(UTC)
    sent = WebhookHeaders("msg_1", str(int(now.timestamp())), library(WHSEC).sign("msg_1", now, body))

    assert match_webhook([Key.from_secret(7, WHSEC)], sent, body.encode()).secret_id == 7


def test_one_good_signature_in_a_list_is_enough() -> None:
    now = datetime.now(UTC)
    good = StandardWebhook(WHSEC).sign("msg_1", now, "{}")
    sent = WebhookHeaders("msg_1", str(int(now.timestamp())), f"v1a,AAAA v1,bm9uc2Vuc2U= {good}")

    assert match_webhook([Key.from_secret(7, WHSEC)], sent, b"{}").secret_id == 7


@pytest.mark.parametrize("signature", ["v1,", "v2,xxxx", "garbage", " ", "v1,é"])
def test_a_webhook_signature_that_does_not_match_is_bad(signature: str) -> None:
    with pytest.raises(Refused) as refused:
        match_webhook(KEYS, WebhookHeaders("msg_1", "1790000000", signature), b"{}")

    assert refused.value.refusal.reason is Reason.BAD_SIGNATURE


def test_a_source_without_keys_verifies_nothing() -> None:
    with pytest.raises(Refused):
        match_query((), MESSAGE, sign_query(b"", MESSAGE))


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_***"])
def test_an_empty_or_broken_secret_makes_no_key(secret: str) -> None:
    with pytest.raises(ValueError, match=r"empty|base64"):
        Key.from_secret(1, secret)


def test_either_family_of_headers_will_do_and_half_a_family_will_not() -> None:
    full = {"svix-id": "a", "svix-timestamp": "1", "svix-signature": "v1,x"}

    assert find_webhook_headers(full) == WebhookHeaders("a", "1", "v1,x")
    with pytest.raises(Refused) as refused:
        find_webhook_headers({"webhook-id": "a", "webhook-timestamp": "1"})
    assert refused.value.refusal.reason is Reason.MISSING_SIGNATURE


@pytest.mark.parametrize(
    ("age_s", "reason"),
    [(1800, None), (1801, Reason.STALE_TIMESTAMP), (-300, None), (-301, Reason.FUTURE_TIMESTAMP)],
)
def test_a_timestamp_counts_for_half_an_hour_past_and_five_minutes_ahead(age_s: int, reason: Reason | None) -> None:
    now_s = 1_790_000_000

    try:
        check_timestamp(now_s - age_s, now_s, tolerance_s=1800)
        outcome = None
    except Refused as refused:
        outcome = refused.refusal.reason

    assert outcome is reason
