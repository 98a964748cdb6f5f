"""Signing as a sender of postledger-v1 does, against the published example and the libraries of Standard Webhooks."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from postledger.signatures.secret_key import Key, sign_query, sign_webhook

MESSAGE = b"click_id=ABC123&payout=0.50&affiliate_id=456&transaction_id=TXN789&ts=1790000000"
SIGNATURE = "b5bd8274b5d0359a26972e2a817c0acc3484b4aa2ff06ec4c51828ede13c335f"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_worked_example_of_the_contract_is_what_we_sign() -> None:
    assert sign_query(Key.from_secret(1, "s3cret-current").query, MESSAGE) == SIGNATURE


@pytest.mark.parametrize("library", [StandardWebhook, SvixWebhook])
def test_a_webhook_is_signed_as_the_libraries_do(library: type[StandardWebhook] | type[SvixWebhook]) -> None:
    now = datetime.fromtimestamp(1_790_000_000, UTC)

    signature = sign_webhook(Key.from_secret(7, WHSEC).webhook, "msg_1", "1790000000", b"{}")

    assert signature == library(WHSEC).sign("msg_1", now, "{}")


@pytest.mark.parametrize("secret", ["", "  "])
def test_an_empty_secret_makes_no_key(secret: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        Key.from_secret(1, secret)
