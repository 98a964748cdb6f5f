"""Networks that sign a query or a form, each by a hand of its own: the walls, Google's rewards, and Digistore24."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from tests.parts.network import PUBLIC_URL, SECRET, SPKI, Network, Sign, sign_ecdsa
from tests.parts.sender import FORM, Postback

_ID = "\0"
"""Stands in a table of values for the id of one postback."""


def _hmac(message: str, name: str) -> bytes:
    return hmac.digest(SECRET.encode(), message.encode(), name)


def _hash(message: str, name: str) -> str:
    return hashlib.new(name, message.encode()).hexdigest()


def _query(beside: str, values: dict[str, str], sign: Callable[[dict[str, str]], str]) -> Sign:
    """Send values in a query, with the signature behind them under its name."""

    def send(path: str, unique: str, _: int) -> Postback:
        sent = {name: value.replace(_ID, unique) for name, value in values.items()}
        return Postback("GET", f"{path}?{urlencode(sent)}&{urlencode({beside: sign(sent)})}")

    return send


def sign_address(
    path: str, sent: dict[str, str], name: str = "hash", write: Callable[[bytes], str] = bytes.hex
) -> Postback:
    """Sign the whole address as it will be sent, as BitLabs does."""
    target = f"{path}?{urlencode(sent)}"
    return Postback("GET", f"{target}&{name}={write(_hmac(PUBLIC_URL + target, 'sha1'))}")


def _address(name: str, write: Callable[[bytes], str], values: dict[str, str]) -> Sign:
    def send(path: str, unique: str, _: int) -> Postback:
        sent = {key: value.replace(_ID, unique) for key, value in values.items()}
        return sign_address(path, sent, name, write)

    return send


def _unpadded(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def _ayet(path: str, unique: str, _: int) -> Postback:
    values = {"payout_usd": "2.50", "click_id": unique, "offer_name": "A wall & more"}
    security_hash = _hmac(urlencode(sorted(values.items())), "sha256").hex()
    return Postback("GET", f"{path}?{urlencode(values)}", b"", {"X-Ayetstudios-Security-Hash": security_hash})


def _ironsource(path: str, unique: str, at_s: int) -> Postback:
    minutes = datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%d%H%M")
    values = {"timestamp": minutes, "eventId": unique, "userId": f"user {unique}", "rewards": "250"}
    return Postback("GET", f"{path}?{urlencode(values)}&signature={_hash(''.join(values.values()) + SECRET, 'md5')}")


def _google(path: str, unique: str, at_s: int) -> Postback:
    values = {
        "ad_network": "5450213213286189855",
        "custom_data": f'{unique} {{"x": 5}}',
        "reward_amount": "250",
        "timestamp": f"{at_s}000",
        "transaction_id": unique,
        "user_id": "U1",
    }
    signed = "&".join(f"{name}={value}" for name, value in values.items())  # as decoded, which is what Google does
    return Postback(
        "GET", f"{path}?{urlencode(values)}&signature={_unpadded(sign_ecdsa(signed.encode()))}&key_id=3335741209"
    )


def _digistore24(path: str, unique: str, _: int) -> Postback:
    values = {"transaction_id": unique, "custom": unique, "amount_affiliate": "2.50", "coupon": ""}
    return sign_digistore24(path, {"event": "on_payment", **values})


def sign_digistore24(path: str, values: dict[str, str]) -> Postback:
    """Sign a form as the IPN of Digistore24 does."""
    signed = "".join(f"{name}={value}{SECRET}" for name, value in sorted(values.items()) if value)
    body = urlencode({**values, "sha_sign": _hash(signed, "sha512").upper()})
    return Postback("POST", path, body.encode(), {"Content-Type": FORM})


def _pollfish(sent: dict[str, str]) -> str:
    values = [value for name, value in sorted(sent.items()) if value or name == "term_reason"]
    return base64.b64encode(_hmac(":".join(values), "sha1")).decode()


def _pollfish_in_developer_mode(path: str, unique: str, at_s: int) -> Postback:
    """Say `debug=true` behind what is signed, and do not sign it."""
    postback = _query("signature", _POLLFISH, _pollfish)(path, unique, at_s)
    return replace(postback, target=f"{postback.target}&debug=true")


def _unity(sent: dict[str, str]) -> str:
    return _hmac(",".join(f"{name}={value}" for name, value in sorted(sent.items())), "md5").hex()


def _of(names: str, algorithm: str) -> Callable[[dict[str, str]], str]:
    """Hash what a list of names says, `KEY` being the secret and everything else but names standing for itself."""
    return lambda sent: _hash(
        "".join(SECRET if piece == "KEY" else sent.get(piece, piece) for piece in names.split()), algorithm
    )


_LOOTABLY = {"userID": _ID, "transactionID": _ID, "ip": "198.51.100.7", "revenue": "2.50", "currencyReward": "250"}
_ADCOLONY = {
    "id": _ID,
    "uid": "u",
    "amount": "25",
    "currency": "coins",
    "open_udid": "o",
    "udid": "d",
    "odin1": "1",
    "mac_sha1": "m",
    "custom_id": _ID,
}
_THEOREM = {"user_id": _ID, "tx_id": _ID, "publisher_amount": "2.50"}
_POLLFISH = {
    "request_uuid": _ID,
    "tx_id": _ID,
    "cpa": "25",
    "status": "eligible",
    "timestamp": "1",
    "term_reason": "",
    "reward_name": "",
    "device_id": "d",
}


def _wall(preset: str, sign: Sign, covered: dict[str, str], *, is_timed: bool = False) -> Network:
    table = {"preset": preset, "public_url": PUBLIC_URL}  # which two of them sign, and the others do not look at
    return Network(preset, table, sign, covered, is_timed)


WALLS = [
    _wall(
        "bitlabs",
        _address("hash", bytes.hex, {"uid": _ID, "tx": _ID, "raw": "2.50", "type": "COMPLETE"}),
        {"raw=2.50": "raw=9.50", "uid=": "uid=%41"},
    ),
    _wall(
        "theoremreach",
        _address("hash", _unpadded, _THEOREM),
        {"2.50": "9.50"},
    ),
    _wall("ayet", _ayet, {"2.50": "9.50"}),
    _wall(
        "unity-ads",
        _query("hmac", {"sid": _ID, "oid": _ID, "productid": "1, 2"}, _unity),
        {"productid=1": "productid=2"},
    ),
    _wall("ironsource", _ironsource, {"rewards=250": "rewards=950"}, is_timed=True),
    Network(
        "admob-ssv",
        {"preset": "admob-ssv"},
        _google,
        {"reward_amount=250": "reward_amount=950"},
        is_timed=True,
        secrets=(base64.b64encode(SPKI).decode(),),
    ),
    _wall("digistore24", _digistore24, {"2.50": "9.50"}),
    _wall("pollfish", _query("signature", _POLLFISH, _pollfish), {"cpa=25": "cpa=95"}),
    _wall(
        "tapjoy",
        _query("verifier", {"id": _ID, "snuid": _ID, "currency": "25"}, _of("id : snuid : currency : KEY", "md5")),
        {"currency=25": "currency=95"},
    ),
    _wall(
        "adcolony",
        _query("verifier", _ADCOLONY, _of("id uid amount currency KEY open_udid udid odin1 mac_sha1 custom_id", "md5")),
        {"amount=25": "amount=95"},
    ),
    _wall(
        "pangle",
        _query("sign", {"user_id": _ID, "trans_id": _ID}, _of("KEY : trans_id", "sha256")),
        {"trans_id=": "trans_id=0"},
    ),
    _wall(
        "cpx",
        _query(
            "secure_hash",
            {"user_id": "U1", "subid_1": _ID, "trans_id": _ID, "amount_usd": "2.50", "status": "1", "type": ""},
            _of("trans_id - KEY", "md5"),
        ),
        {"trans_id=": "trans_id=0"},
    ),
    _wall(
        "torox",
        _query("sig", {"id": _ID, "oid": "7", "user_id": _ID, "payout": "2.50"}, _of("oid - user_id - KEY", "md5")),
        {"user_id=": "user_id=0"},
    ),
    _wall(
        "lootably", _query("hash", _LOOTABLY, _of("userID ip revenue currencyReward KEY", "sha256")), {"2.50": "9.50"}
    ),
    _wall(
        "superrewards",
        _query("sig", {"id": _ID, "new": "25", "uid": _ID}, _of("id : new : uid : KEY", "md5")),
        {"new=25": "new=95"},
    ),
]
"""Those that sign what stands in a query or a form."""

TEST_CALLBACKS: dict[str, Sign] = {
    "theoremreach": _address("hash", _unpadded, {**_THEOREM, "debug": "true"}),
    "pollfish": _pollfish_in_developer_mode,
}
"""What some of them send when somebody tries them out: signed, and no money."""
