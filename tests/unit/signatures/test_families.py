"""Families of schemes: requests are signed here as the documents say, without the code under test, and must verify.

The forgeries that a receiver must refuse in each family are here too.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postledger.ingest.receive import evaluate
from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason

NOW_S = 1_790_000_000
NOW = datetime.fromtimestamp(NOW_S + 5, UTC)
BODY = b'{"click_id":"C1","payout":"2.50"}'
THEIRS = generate_private_key(SECP256R1())
SPKI = base64.b64encode(THEIRS.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
CONVOY = {
    "signature": {"from": "header", "name": "X-Convoy-Signature", "split": ",", "pair": "=", "pick": ["v1"]},
    "mac": "hmac-sha512", "message": "{ts},{body}", "timestamp": {"from": "part", "name": "t"}, "methods": ["POST"],
}  # fmt: skip
_HOOK0 = {"from": "header", "name": "X-Hook0-Signature", "split": ",", "pair": "="}
HOOK0 = {
    "schemes": [
        {"signature": {**_HOOK0, "pick": ["v1"]}, "mac": "hmac-sha256", "message": "{ts}.{part:h}.{headers:h}.{body}",
         "timestamp": {"from": "part", "name": "t"}, "methods": ["POST"]},
        {"signature": {**_HOOK0, "pick": ["v0"]}, "mac": "hmac-sha256", "message": "{ts}.{body}",
         "timestamp": {"from": "part", "name": "t"}, "methods": ["POST"]},
    ]
}  # fmt: skip


def make(secrets: list[str], **document: Any) -> Source:
    table = {"slug": "acme", "secrets": secrets, **document}
    settings = read_configuration({"sources": [table]}, {}, read_known()).sources["acme"].settings
    keys = tuple(Key.from_secret(number, secret) for number, secret in enumerate(secrets, 1))
    return Source(1, "acme", settings, keys, find_profile(settings))


def mac(message: bytes, secret: str = "s3cret", name: str = "sha256") -> str:  # noqa: S107 - protects nothing
    return hmac.new(secret.encode(), message, name).hexdigest()


def post(body: bytes = BODY, /, **headers: str) -> Request:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Request("r", NOW, "POST", body=body, media_type="application/json", headers=named)


def told(source: Source, request: Request) -> tuple[int | None, Reason | None]:
    entry = evaluate(request, source)
    return entry.secret_id, entry.refusal.reason if entry.refusal else None


def test_convoy_joins_with_a_comma_and_signs_twice_during_rotation() -> None:
    source = make(["new", "old"], signature=CONVOY)
    good = mac(f"{NOW_S},".encode() + BODY, "old", "sha512")
    dotted = mac(f"{NOW_S}.".encode() + BODY, "old", "sha512")

    assert told(source, post(X_Convoy_Signature=f"t={NOW_S},v1={'0' * 128},v1={good}")) == (2, None)
    assert told(source, post(X_Convoy_Signature=f"v1={good},t={NOW_S}")) == (2, None)
    assert told(source, post(X_Convoy_Signature=f"t={NOW_S},v1={dotted}")) == (None, Reason.BAD_SIGNATURE)
    for time in ("Infinity", "1e9", "", f"{NOW_S}.0"):
        assert told(source, post(X_Convoy_Signature=f"t={time},v1={good}"))[0] is None


def test_hook0_signs_named_headers_and_v0_does_not_replace_a_bad_v1() -> None:
    source = make(["s3cret"], signature=HOOK0)
    v0 = mac(f"{NOW_S}.".encode() + BODY)
    v1 = mac(f"{NOW_S}.x-event-id x-event-type.e1.sale.".encode() + BODY)
    named = {"X_Event_Id": "e1", "X_Event_Type": "sale"}
    start = f"t={NOW_S},h=x-event-id x-event-type"

    assert told(source, post(BODY, X_Hook0_Signature=f"{start},v0={v0},v1={v1}", **named)) == (1, None)
    assert told(source, post(X_Hook0_Signature=f"t={NOW_S},v0={v0}")) == (1, None)
    for forged in (f"{start},v0={v0},v1={v0}", f"{start},v0={v0},v1=", f"t={NOW_S},h=x-event-id,v0={v0},v1={v1}"):
        assert told(source, post(BODY, X_Hook0_Signature=forged, **named)) == (None, Reason.BAD_SIGNATURE)
    other = post(X_Hook0_Signature=f"{start},v0={v0},v1={v1}", X_Event_Id="e2", X_Event_Type="sale")
    assert told(source, other) == (None, Reason.BAD_SIGNATURE)
    absent = post(X_Hook0_Signature=f"{start},v0={v0},v1={v1}", X_Event_Id="e1")
    assert told(source, absent) == (None, Reason.BAD_SIGNATURE)


def test_stripe_may_send_several_v1_and_its_secret_is_never_decoded() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    source = make([secret], preset="stripe-style")
    good = mac(f"{NOW_S}.".encode() + BODY, secret)

    assert told(source, post(Stripe_Signature=f"t={NOW_S},v1={'0' * 64},v1={good},v0={'1' * 64}")) == (1, None)
    assert told(source, post(Stripe_Signature=f"t={NOW_S},v0={good}")) == (None, Reason.BAD_SIGNATURE)
    assert told(source, post(Stripe_Signature=f"t={NOW_S + 1},v1={good}")) == (None, Reason.BAD_SIGNATURE)


@pytest.mark.parametrize("family", ["svix", "webhook"])
def test_one_signature_of_svixs_list_must_match(family: str) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    source = make([secret], preset={"svix": "svix", "webhook": "standard-webhooks"}[family])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    good = base64.b64encode(hmac.digest(key, f"msg_1.{NOW_S}.".encode() + BODY, "sha256")).decode()
    headers = {f"{family}-id": "msg_1", f"{family}-timestamp": str(NOW_S)}

    both = post(BODY, **headers, **{f"{family}-signature": f"v1,AAAA v1a,BBBB v1,{good}"})
    unknown = post(BODY, **headers, **{f"{family}-signature": f"v2,{good}"})

    assert told(source, both) == (1, None)
    assert told(source, unknown) == (None, Reason.BAD_SIGNATURE)


@pytest.mark.parametrize("custom_data", ["C1", 'C1 {"SuperPowers": 5}', "Premium minutes", "50% + é"])
@pytest.mark.parametrize("write", [quote, quote_plus])
def test_google_signs_decoded_text_and_fields_are_read_from_it(custom_data: str, write: Any) -> None:
    source = make([SPKI], preset="admob-ssv")
    query = f"ad_network=54&custom_data={write(custom_data)}&timestamp={NOW_S}000&transaction_id=T1"
    signed = f"ad_network=54&custom_data={custom_data}&timestamp={NOW_S}000&transaction_id=T1"
    signature = base64.urlsafe_b64encode(THEIRS.sign(signed.encode(), ECDSA(SHA256()))).decode().rstrip("=")
    request = Request("r", NOW, "GET", query=f"{query}&signature={signature}&key_id=3".encode())

    entry = evaluate(request, source)

    assert (entry.refusal, entry.secret_id) == (None, 1)
    assert entry.event is not None
    assert entry.event.click_id == custom_data
    forged = request.query.replace(b"T1", b"T2")
    assert told(source, msgspec.structs.replace(request, query=forged)) == (None, Reason.BAD_SIGNATURE)


SKAN: dict[str, dict[str, Any]] = {
    "2.2": {"version": "2.2", "ad-network-id": "n", "campaign-id": 42, "app-id": 5, "transaction-id": "T1",
            "redownload": True, "source-app-id": 9, "fidelity-type": 1},
    "3.0": {"version": "3.0", "ad-network-id": "n", "campaign-id": 42, "app-id": 5, "transaction-id": "T1",
            "redownload": False, "source-app-id": 9, "fidelity-type": 1, "did-win": True},
    "4.0": {"version": "4.0", "ad-network-id": "n", "source-identifier": "39", "app-id": 5, "transaction-id": "T1",
            "redownload": False, "source-domain": "example.com", "fidelity-type": 1, "did-win": True,
            "postback-sequence-index": 0},
}  # fmt: skip


@pytest.mark.parametrize("version", SKAN)
def test_apple_signs_fields_in_order_without_the_conversion_value(version: str) -> None:
    source = make([SPKI], preset="skadnetwork")
    fields = SKAN[version]
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in fields.values()]
    signature = base64.b64encode(THEIRS.sign("\u2063".join(texts).encode(), ECDSA(SHA256()))).decode()
    shuffled = {"conversion-value": 3, "attribution-signature": signature, **dict(reversed(fields.items()))}

    genuine = post(msgspec.json.encode(shuffled))
    more = post(msgspec.json.encode({**shuffled, "conversion-value": 63}))
    won = post(msgspec.json.encode({**shuffled, "redownload": not fields["redownload"]}))

    assert [told(source, request)[0] for request in (genuine, more, won)] == [1, 1, None]
    assert told(source, won)[1] is Reason.BAD_SIGNATURE


def test_a_shared_secret_signs_for_two_sources_only_without_the_path() -> None:
    bound = make(["s3cret"], preset="bitlabs", public_url="https://t.example")
    message = b"https://t.example/tracking/postback/acme?uid=U1&tx=T1"
    signature = hmac.new(b"s3cret", message, hashlib.sha1).hexdigest()
    request = Request("r", NOW, "GET", path=b"/tracking/postback/acme", query=f"uid=U1&tx=T1&hash={signature}".encode())

    elsewhere = msgspec.structs.replace(request, path=b"/tracking/postback/other")

    assert told(bound, request) == (1, None)
    assert told(bound, elsewhere) == (None, Reason.BAD_SIGNATURE)
