"""Networks that sign the body of a POST, each by a hand of its own: the families of webhooks, and Apple."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from tests.parts.network import ED25519, SECRET, SPKI, WHSEC_KEY, Network, Sign, sign_ecdsa, sign_ed25519
from tests.parts.sender import JSON, Postback

PREVIOUS = "the-secret-before"
_WHSEC = "whsec_" + base64.b64encode(WHSEC_KEY).decode()
_AMOUNT = {"2.50": "9.50"}


def _mac(key: str, message: bytes, name: str = "sha256") -> bytes:
    return hmac.digest(key.encode(), message, name)


def _post(path: str, unique: str, headers: Mapping[str, str], body: bytes = b"") -> Postback:
    return Postback("POST", path, body or _body(unique), {"Content-Type": JSON, **headers})


def _body(unique: str) -> bytes:
    return json.dumps({"click_id": unique, "transaction_id": unique, "payout": "2.50", "currency": "USD"}).encode()


def _sign_body(header: str, write: Any, name: str = "sha256") -> Sign:
    """Sign the body alone."""
    return lambda path, unique, _: _post(path, unique, {header: write(_mac(SECRET, _body(unique), name))})


def _github(mac: bytes) -> str:
    return f"sha256={mac.hex()}"


def _base64(mac: bytes) -> str:
    return base64.b64encode(mac).decode()


def _convoy(path: str, unique: str, at_s: int) -> Postback:
    signed = f"{at_s},".encode() + _body(unique)
    both = [_mac(key, signed, "sha512").hex() for key in ("a-secret-that-we-do-not-have", PREVIOUS)]
    return _post(path, unique, {"X-Convoy-Signature": f"t={at_s},v1={both[0]},v1={both[1]}"})


def _hook0(path: str, unique: str, at_s: int) -> Postback:
    named = {"X-Event-Id": unique, "X-Event-Type": "sale.made"}
    names, body = " ".join(name.lower() for name in named), _body(unique)
    v0 = _mac(SECRET, f"{at_s}.".encode() + body).hex()
    v1 = _mac(SECRET, f"{at_s}.{names}.{unique}.sale.made.".encode() + body).hex()
    return _post(path, unique, {"X-Hook0-Signature": f"t={at_s},h={names},v0={v0},v1={v1}", **named})


def _hook0_old(path: str, unique: str, at_s: int) -> Postback:
    v0 = _mac(SECRET, f"{at_s}.".encode() + _body(unique)).hex()
    return _post(path, unique, {"X-Hook0-Signature": f"t={at_s},v0={v0}"})


def _stripe(path: str, unique: str, at_s: int) -> Postback:
    signed = f"{at_s}.".encode() + _body(unique)
    stranger, ours = (_mac(key, signed).hex() for key in ("another", _WHSEC))  # the secret as it is written
    return _post(path, unique, {"Stripe-Signature": f"t={at_s},v1={stranger},v1={ours},v0={'6' * 64}"})


def _webhook(family: str, version: str, sign: Any) -> Sign:
    """Sign as Standard Webhooks says, among other items of the list."""

    def send(path: str, unique: str, at_s: int) -> Postback:
        signature = base64.b64encode(sign(f"msg_{unique}.{at_s}.".encode() + _body(unique))).decode()
        beside = base64.b64encode(b"of a key that was retired long ago").decode()
        listed = f"v1,{beside} {version},{signature} v2,{beside}"
        headers = {"id": f"msg_{unique}", "timestamp": str(at_s), "signature": listed}
        return _post(path, unique, {f"{family}-{name}": value for name, value in headers.items()})

    return send


def _sign_whsec(message: bytes) -> bytes:
    return hmac.digest(WHSEC_KEY, message, "sha256")


_APPLE_2_2: dict[str, Any] = {
    "version": "2.2",
    "ad-network-id": "com.example",
    "campaign-id": 42,
    "app-id": 525463029,
    "transaction-id": "",
    "redownload": True,
    "source-app-id": 1234567891,
    "fidelity-type": 1,
}
_APPLE_4: dict[str, Any] = {
    "version": "4.0",
    "ad-network-id": "com.example",
    "source-identifier": "5239",
    "app-id": 525463029,
    "transaction-id": "",
    "redownload": True,
    "source-domain": "example.com",
    "fidelity-type": 1,
    "did-win": True,
    "postback-sequence-index": 0,
}
_APPLE = {"2.2": _APPLE_2_2, "3.0": {**_APPLE_2_2, "version": "3.0", "did-win": True}, "4.0": _APPLE_4}


def _apple(version: str) -> Sign:
    """Sign the fields of a version in their order, joined by U+2063; the conversion value is beside them, unsigned."""

    def send(path: str, unique: str, _: int) -> Postback:
        fields = {**_APPLE[version], "transaction-id": unique}
        texts = [json.dumps(value) if isinstance(value, bool) else str(value) for value in fields.values()]
        signature = base64.b64encode(sign_ecdsa("\u2063".join(texts).encode())).decode()
        sent = {"attribution-signature": signature, "conversion-value": 20, **dict(reversed(fields.items()))}
        return _post(path, unique, {}, json.dumps(sent).encode())

    return send


def _inline(**scheme: Any) -> dict[str, Any]:
    return {"signature": {"methods": ["POST"], **scheme}}


def _in_header(name: str, **how: Any) -> dict[str, Any]:
    return {"from": "header", "name": name, **how}


_TIME = {"from": "part", "name": "t"}
_OF_PARTS = {"split": ",", "pair": "="}
_HOOK0 = {
    "signature": {
        "schemes": [
            {
                "signature": _in_header("X-Hook0-Signature", pick=[picked], **_OF_PARTS),
                "mac": "hmac-sha256",
                "message": message,
                "timestamp": _TIME,
                "methods": ["POST"],
            }
            for picked, message in (("v1", "{ts}.{part:h}.{headers:h}.{body}"), ("v0", "{ts}.{body}"))
        ]
    }
}
_CONVOY = _in_header("X-Convoy-Signature")
_CONVOY_LIST = _in_header("X-Convoy-Signature", pick=["v1"], **_OF_PARTS)
_WHPK = "whpk_" + base64.b64encode(ED25519).decode()
_SPKI = base64.b64encode(SPKI).decode()
_APPLES = {'"app-id": 525463029': '"app-id": 525463020', '"redownload": true': '"redownload": false'}


def _standard_webhooks(family: str, version: str) -> Network:
    """Take one of the two families of headers, signed with a secret (`v1`) or by a pair of keys (`v1a`)."""
    name = {"webhook": "standard-webhooks", "svix": "svix"}[family] + {"v1": "", "v1a": "-v1a"}[version]
    sign, secret = {"v1": (_sign_whsec, _WHSEC), "v1a": (sign_ed25519, _WHPK)}[version]
    changed = {**_AMOUNT, "msg_": "mgs_"}
    return Network(name, {"preset": name}, _webhook(family, version, sign), changed, is_timed=True, secrets=(secret,))


WEBHOOKS = [
    Network(
        "convoy-simple",
        _inline(signature=_CONVOY, mac="hmac-sha256", message="{body}"),
        _sign_body("X-Convoy-Signature", bytes.hex),
        _AMOUNT,
    ),
    Network(
        "convoy-simple-base64",
        _inline(signature={**_CONVOY, "encoding": "base64"}, mac="hmac-sha512", message="{body}"),
        _sign_body("X-Convoy-Signature", _base64, "sha512"),
        _AMOUNT,
    ),
    Network(
        "convoy-advanced",
        _inline(signature=_CONVOY_LIST, mac="hmac-sha512", message="{ts},{body}", timestamp=_TIME),
        _convoy,
        _AMOUNT,
        is_timed=True,
        secrets=(SECRET, PREVIOUS),
    ),
    Network("hook0", _HOOK0, _hook0, {**_AMOUNT, "sale.made": "sale.lost"}, is_timed=True),
    Network("hook0-v0", _HOOK0, _hook0_old, _AMOUNT, is_timed=True),
    Network("stripe-style", {"preset": "stripe-style"}, _stripe, _AMOUNT, is_timed=True, secrets=(_WHSEC,)),
    *(_standard_webhooks(family, version) for family in ("webhook", "svix") for version in ("v1", "v1a")),
    Network("github-style", {"preset": "github-style"}, _sign_body("X-Hub-Signature-256", _github), _AMOUNT),
    Network("shopify-style", {"preset": "shopify-style"}, _sign_body("X-Shopify-Hmac-SHA256", _base64), _AMOUNT),
    *(
        Network(f"skadnetwork-{version}", {"preset": "skadnetwork"}, _apple(version), _APPLES, secrets=(_SPKI,))
        for version in _APPLE
    ),
]
"""Those that sign bodies. A time that was signed is part of each message, so it is not among what is covered."""
