"""The request of one delivery: URL, headers, body and signature."""

import base64
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook, WebhookVerificationError

from postledger.outgoing.rules.forward import Facts, Forward, Match, matches
from postledger.outgoing.rules.render import describe_url, render
from postledger.outgoing.rules.standard_webhooks import read_signing_key
from postledger.vocabulary.statuses import Status

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
FACTS = Facts(
    receipt="01934f2c-0000-7000-8000-000000000001",
    revision=2,
    conversion_id="5d2d4c1e-0000-4000-8000-000000000001",
    source="acme",
    event="sale",
    status=Status.APPROVED,
    click_id="c1",
    transaction_id="T 1",
    payout=Decimal("1E+2"),
    currency="USD",
    event_time=datetime(2026, 10, 31, 12, 0, tzinfo=UTC),
    subs={"sub2": "é"},
)
FORWARD = Forward("voluum", "https://track.example/pb?cid={click_id}&tx={transaction_id}&p={payout}&k={secret}")
JSON = Forward("hook", "https://track.example/hook", method="json", sign=True)
FIRST, SECOND = ("whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def test_a_get_carries_the_facts_in_its_url() -> None:
    request = render(FORWARD, FACTS, ["s&1", "old"], NOW)

    assert (request.method, request.body) == ("GET", b"")
    assert request.url == "https://track.example/pb?cid=c1&tx=T%201&p=100&k=s%261"
    assert request.url.endswith(request.target)
    assert request.headers == {"webhook-id": "01934f2c-0000-7000-8000-000000000001_voluum"}


def test_a_shown_url_hides_the_secret() -> None:
    assert describe_url(FORWARD, FACTS) == "https://track.example/pb?cid=c1&tx=T%201&p=100&k=***"


def test_statuses_and_events_are_sent_in_the_words_of_the_receiver() -> None:
    forward = Forward("a", "http://a.example/{event}/{status}", statuses={Status.APPROVED: "1"}, events={"sale": "g 7"})

    assert render(forward, FACTS, [], NOW).target == "/g%207/1"
    assert render(forward, replace(FACTS, status=Status.REVERSED, event="x"), [], NOW).target == "/x/reversed"


def test_a_json_body_is_flat_with_amounts_as_text() -> None:
    request = render(JSON, FACTS, [FIRST], NOW)

    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert msgspec.json.decode(request.body) == {
        "receipt": FACTS.receipt,
        "revision": 2,
        "conversion_id": FACTS.conversion_id,
        "source": "acme",
        "campaign": None,
        "event": "sale",
        "status": "approved",
        "payout": "100",
        "currency": "USD",
        "click_id": "c1",
        "transaction_id": "T 1",
        "affiliate_id": None,
        "event_time": "2026-10-31T12:00:00Z",
        "sub2": "é",
        "is_backfill": False,
    }


def test_a_form_body_has_the_same_fields() -> None:
    request = render(replace(JSON, method="form", sign=False), replace(FACTS, is_backfill=True), [], NOW)

    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.body.startswith(b"receipt=01934f2c-0000-7000-8000-000000000001&revision=2&conversion_id=5d2d4c1e-")
    assert b"&campaign=&event=sale&status=approved&payout=100&currency=USD&" in request.body
    assert request.body.endswith(
        b"&sub1=&sub2=%C3%A9&" + b"".join(b"sub%d=&" % n for n in range(3, 11)) + b"is_backfill=true"
    )


@pytest.mark.parametrize(
    ("method", "body"), [("form", b"amount=USD%20100&key=s1"), ("json", b'{"amount":"USD 100","key":"s1"}')]
)
def test_a_body_of_its_own_replaces_the_fields(method: str, body: bytes) -> None:
    fields = {"amount": "{currency} {payout}", "key": "{secret}"}
    forward = msgspec.convert({"slug": "a", "url": "http://a.example/", "method": method, "body": fields}, Forward)

    assert render(forward, FACTS, ["s1"], NOW).body == body


@pytest.mark.parametrize("secret", [FIRST, SECOND])
def test_standardwebhooks_verifies_each_live_secret(secret: str) -> None:
    request = render(JSON, FACTS, [FIRST, SECOND], datetime.now(UTC))  # the library compares the time with the clock

    assert Webhook(secret).verify(request.body, dict(request.headers)) == msgspec.json.decode(request.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body.replace(b"100", b"900"), dict(request.headers))


def test_the_id_of_a_message_is_the_same_for_every_attempt() -> None:
    first, second = (render(JSON, FACTS, [FIRST], datetime.fromtimestamp(at, UTC)) for at in (1_000, 2_000))

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.body == second.body


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", FIRST.removeprefix("whsec_"), "whsec_YQ==", "whsec_ä"])
def test_a_secret_that_cannot_sign_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ and the base64 of 24 to 64 random bytes"):
        read_signing_key(secret)


@pytest.mark.parametrize(
    ("match", "is_match"),
    [
        (Match(), True),
        (Match(source=("acme",), event=("sale",), status=(Status.APPROVED,)), True),
        (Match(source=("other", "ac*")), True),
        (Match(source=("acm",)), False),
        (Match(source=("acme.*",)), False),
        (Match(event=("*le",), campaign=("*",)), False),
        (Match(campaign=("spring-*",)), False),
        (Match(status=(Status.REVERSED,)), False),
    ],
)
def test_a_forward_matches_on_each_of_its_fields(match: Match, is_match: bool) -> None:
    forward = replace(FORWARD, match=match)

    assert matches(forward, source="acme", campaign=None, event="sale", status=Status.APPROVED) is is_match


def test_a_campaign_is_matched_by_its_pattern() -> None:
    forward = replace(FORWARD, match=Match(campaign=("spring-*",)))

    assert matches(forward, source="acme", campaign="spring-26", event="sale", status=Status.APPROVED)
    assert not matches(forward, source="acme", campaign="my-spring-26", event="sale", status=Status.APPROVED)
