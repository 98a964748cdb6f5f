"""Fuzzed bodies: JSON, forms, and what is neither, each with a media type that may or may not fit."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.words import EVERY_BYTE, NAMES, VALUES, any_bytes, pick

JSON_TYPES = (
    *(
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/json;",
        b"text/json",
        b"application/x+json",
    ),
    *(b"application/json; charset=utf-16", b"APPLICATION/JSON", b"application/json; charset=\xff"),
)
OTHER_TYPES = (
    *(b"application/x-www-form-urlencoded", b"application/x-www-form-urlencoded; charset=latin-1", b"text/plain", b""),
    *(
        b"multipart/form-data; boundary=x",
        b"multipart/form-data",
        b"application/xml",
        b"/",
        b"a/b;" * 60,
        b"*/*",
        b"json",
    ),
)
ODD_JSON = (
    *(
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'"',
        b"nan",
        b"[" * 3000,
        b'{"a":' * 600 + b"1" + b"}" * 600,
        b"\xef\xbb\xbf{}",
    ),
    *(b'{"click_id":"A","click_id":"B"}', b'{"payout":1e400}', b'{"payout":' + b"9" * 5000 + b"}", b'{"\\ud800":1}'),
    *(b'{"v":2,"conversion":[]}', b'{"v":"2","z":[],"z":[]}', b"{}{}", b'{"click_id":"\x00"}', b"{'click_id':'A'}"),
    *(b'{"v":2,"conversion":{"click_id":"A"},"amount":{"value":"1","currency":"USD"},"items":[{}]}', b"\xff\xfe{\0}\0"),
)


def make_body(chance: Random, canary: bytes) -> tuple[bytes, bytes]:
    """A media type and a body."""
    make: Callable[[Random, bytes], bytes] = chance.choice((_json, _json, _json, _form, _form, _odd_json, _noise))
    fitting = JSON_TYPES if make in (_json, _odd_json) else OTHER_TYPES
    media_type = pick(chance, fitting if chance.random() < 0.85 else JSON_TYPES + OTHER_TYPES)
    return media_type, make(chance, canary)


def _json(chance: Random, canary: bytes) -> bytes:
    known = {pick(chance, NAMES).decode(): _any_value(chance, canary, 0) for _ in range(chance.randrange(12))}
    if chance.random() < 0.3:
        known = {"v": chance.choice((1, 2, "2", 3)), "conversion": known, "amount": _any_value(chance, canary, 1)}
    separators = chance.choice(((",", ":"), (" , ", " : ")))
    return json.dumps(known, ensure_ascii=chance.random() < 0.5, separators=separators).encode(errors="surrogatepass")


def _any_value(chance: Random, canary: bytes, depth: int) -> Any:
    if depth < 6 and chance.random() < 0.25:
        members = [
            _any_value(chance, canary, depth + 1)
            for _ in range(chance.choice((0, 1, 2, 3) if depth else (0, 1, 3, 60)))
        ]
        return members if chance.random() < 0.5 else {f"k{number % 7}": one for number, one in enumerate(members)}
    texts = (*VALUES, canary, canary, b"\xf0\x9f\x92\xb8", b"\x7f", b"\t")
    text = pick(chance, texts).decode("utf-8", "replace")
    return chance.choice((text, text, text, 1, 0, -1, 1.5, 2**63, 1e22, True, None, float("nan")))


def _form(chance: Random, canary: bytes) -> bytes:
    pairs = [
        pick(chance, NAMES) + b"=" + pick(chance, (*VALUES, canary, canary))
        for _ in range(chance.choice((0, 1, 3, 8, 130)))
    ]
    return b"&".join(pairs)


def _odd_json(chance: Random, _: bytes) -> bytes:
    return pick(chance, ODD_JSON)


def _noise(chance: Random, canary: bytes) -> bytes:
    if chance.random() < 0.05:
        return canary * (chance.choice((65_536, 65_537, 131_073)) // len(canary) + 1)
    return any_bytes(chance, 300, EVERY_BYTE) + canary
