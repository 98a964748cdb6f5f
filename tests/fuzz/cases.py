"""Fuzzed requests: each follows from a seed and a number alone, so that a failure can be repeated."""

import random
from collections.abc import Callable
from urllib.parse import quote_from_bytes

import msgspec

from tests.fuzz.bodies import JSON_TYPES, make_body
from tests.fuzz.words import EVERY_BYTE, NAMES, VALUES, any_bytes, nasty, pick
from tests.parts.sender import sign_query, sign_webhook

Random = random.Random
Field = tuple[bytes, bytes]


class Targets(msgspec.Struct, frozen=True):
    """What the fuzzed system knows: the slugs of its sources, the path of another tracker, and a secret."""

    slugs: tuple[bytes, ...]
    paths: tuple[bytes, ...]
    secret: str
    canary: bytes
    now_s: int


class Case(msgspec.Struct, frozen=True):
    """One request. The end of a whole one is clear; one that is not whole has a connection of its own."""

    number: int
    method: bytes
    target: bytes
    fields: tuple[Field, ...]
    body: bytes
    raw: bytes
    is_whole: bool


def make_case(seed: str, number: int, targets: Targets) -> Case:
    """Make the request with this number."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - not for secrets
    method = pick(chance, (b"GET",) * 20 + (b"POST",) * 24 + (b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"get", b"G%T"))
    body, fields = (b"", []) if method in (b"GET", b"HEAD") and chance.random() < 0.95 else _make_body(chance, targets)
    target = _make_target(chance, targets)
    fields = [*_make_host(chance), *_make_fields(chance, targets), *fields]
    raw, is_whole = _frame(chance, b"%b %b HTTP/1.1" % (method, target), fields, body)
    return Case(number, method, target, tuple(fields), body, raw, is_whole)


def _make_target(chance: Random, targets: Targets) -> bytes:
    path, query = _make_path(chance, targets), _make_query(chance, targets)
    if chance.random() < 0.4:  # genuinely signed, so that what comes after the signature is reached
        query = query + b"&ts=%d" % _any_time(chance, targets)
        query += b"&sig=" + sign_query(targets.secret, query).encode()
    target = path + (b"?" + query if query or chance.random() < 0.1 else b"")
    return _without_ends(_mutate(chance, target) if chance.random() < 0.15 else target)


def _make_path(chance: Random, targets: Targets) -> bytes:
    slug = pick(chance, targets.slugs)
    return pick(
        chance,
        (b"/tracking/postback/" + slug,) * 12
        + (
            b"/tracking/postback",
            b"/tracking/postback/" + slug + b"/",
            b"/tracking/postback/" + quote_from_bytes(slug, safe="").encode().replace(b"a", b"%61"),
            b"/tracking/postback/" + nasty(chance),
            b"/sandbox/postback/" + slug,
            b"/click/spring",
            b"/click/" + nasty(chance),
            b"/schemas/postback-v1.json",
            b"/healthz",
            b"http://localhost/tracking/postback/" + slug,
            b"//tracking/postback/" + slug,
            b"/./tracking/../tracking/postback/" + slug,
            b"/" + nasty(chance),
            b"*",
            *targets.paths,
        ),
    )


def _make_query(chance: Random, targets: Targets) -> bytes:
    return _make_mild_query(chance, targets) if chance.random() < 0.6 else _make_wild_query(chance, targets)


def _make_mild_query(chance: Random, targets: Targets) -> bytes:
    """A query that can be read: it reaches what comes after the readers."""
    values = [b"known-click", b"click-%d" % chance.randrange(50), targets.canary, *VALUES]
    names = chance.sample(NAMES[:8], chance.randrange(8))
    pairs = [(b"click_id", pick(chance, values[:2])), *((name, pick(chance, values)) for name in names)]
    return b"&".join(name + b"=" + quote_from_bytes(value).encode() for name, value in dict(pairs).items())


def _make_wild_query(chance: Random, targets: Targets) -> bytes:
    count = chance.choice((0, 1, 2, 3, 4, 6, 9, 101, 130)) if chance.random() < 0.9 else chance.randrange(40)
    pairs = [_make_pair(chance, targets) for _ in range(count)]
    return pick(chance, (b"&",) * 9 + (b"&&", b";", b"&amp;")).join(pairs)


def _make_pair(chance: Random, targets: Targets) -> bytes:
    if chance.random() < 0.2:
        return pick(chance, (b"payout=", b"email=", b"note=", b"%70ayout=")) + targets.canary
    name = pick(chance, NAMES) if chance.random() < 0.85 else nasty(chance)
    value = pick(chance, VALUES) if chance.random() < 0.7 else nasty(chance)
    return name + pick(chance, (b"=",) * 12 + (b"", b"==", b"[]=", b" =")) + value


def _make_host(chance: Random) -> list[Field]:
    if chance.random() < 0.97:
        return [(b"Host", b"localhost")]
    hosts: tuple[list[Field], ...] = (
        [],
        [(b"Host", b"other.example")],
        [(b"Host", b"")],
        [(b"Host", b"localhost"), (b"Host", b"localhost")],
        [(b"Host", b"localhost:99999")],
        [(b"Host", b"local host")],
    )
    return chance.choice(hosts)


def _make_fields(chance: Random, targets: Targets) -> list[Field]:
    count = 0 if chance.random() < 0.6 else chance.choice((1, 2, 3, 5, 98, 105))
    return [_make_field(chance, targets) for _ in range(count)]


def _make_field(chance: Random, targets: Targets) -> Field:
    name = pick(chance, FIELD_NAMES) if chance.random() < 0.8 else b"X-" + any_bytes(chance, 12, TOKEN)
    value = pick(chance, FIELD_VALUES) if chance.random() < 0.5 else any_bytes(chance, 60, VISIBLE)
    return name, value + (targets.canary if chance.random() < 0.3 else b"")


def _make_body(chance: Random, targets: Targets) -> tuple[bytes, list[Field]]:
    media_type, body = make_body(chance, targets.canary)
    if chance.random() < 0.1:
        body = _mutate(chance, body)
    fields = [(b"Content-Type", media_type)] if chance.random() < 0.95 else []
    if chance.random() < 0.03:
        fields.append((b"Content-Type", pick(chance, JSON_TYPES)))
    if chance.random() < 0.6:
        fields += _sign(chance, targets, body)
    return body, fields


def _any_time(chance: Random, targets: Targets) -> int:
    return targets.now_s + chance.choice((0, 0, 0, -9000, 9000))


def _sign(chance: Random, targets: Targets, body: bytes) -> list[Field]:
    """Standard Webhooks' header fields: genuine ones, and in one of four cases bent."""
    message_id, at_s = f"msg_{chance.randrange(10**9)}", str(_any_time(chance, targets))
    signature = sign_webhook(targets.secret, message_id, at_s, body)
    named = {"webhook-id": message_id, "webhook-timestamp": at_s, "webhook-signature": signature}
    signed = [(name.encode(), value.encode()) for name, value in named.items()]
    if chance.random() < 0.75:
        return signed
    bent: tuple[Callable[[], list[Field]], ...] = (
        lambda: signed[:2],
        lambda: signed[1:],
        lambda: [*signed, signed[2]],
        lambda: [*signed[:2], (b"webhook-signature", b" ".join([b"v1,AAAA"] * 40 + [signed[2][1]]))],
        lambda: [*signed[:2], (b"webhook-signature", any_bytes(chance, 80, VISIBLE))],
        lambda: [signed[0], (b"webhook-timestamp", pick(chance, VALUES)), signed[2]],
        lambda: [(b"webhook-id", any_bytes(chance, 300, VISIBLE)), *signed[1:]],
    )
    return [(name, value) for name, value in chance.choice(bent)() if b"\r" not in value and b"\n" not in value]


def _frame(chance: Random, line: bytes, fields: list[Field], body: bytes) -> tuple[bytes, bool]:
    """The bytes of a request, and whether a parser knows where it ends."""
    if chance.random() < 0.12:
        return _frame_badly(chance, line, fields, body), False
    if body and chance.random() < 0.25:
        return _join(line, [*fields, (b"Transfer-Encoding", b"chunked")]) + _chunk(chance, body), True
    length = [(b"Content-Length", b"%d" % len(body))] if body or line[:3] not in (b"GET", b"HEA") else []
    return _join(line, [*fields, *length]) + body, True


def _frame_badly(chance: Random, line: bytes, fields: list[Field], body: bytes) -> bytes:
    length, chunked = (b"Content-Length", b"%d" % len(body)), (b"Transfer-Encoding", b"chunked")
    lengths = (b"-1", b"+5", b"0x5", b"5, 5", b"1e1", b"", b"99999999999999999999", b" 5 ", b"%d" % (len(body) + 7))
    whole = _join(line, [*fields, length]) + body
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: _join(line, [*fields, (b"Content-Length", pick(chance, lengths))]) + body,
        lambda: _join(line, [*fields, length, (b"Content-Length", pick(chance, lengths))]) + body,
        lambda: _join(line, [*fields, length, chunked]) + _chunk(chance, body),
        lambda: _join(line, [*fields, (b"Transfer-Encoding", pick(chance, CODINGS))]) + _chunk(chance, body),
        lambda: _join(line, [*fields, chunked]) + _mutate(chance, _chunk(chance, body)),
        lambda: _join(line, [*fields, chunked]) + b"ffffffffffffffff\r\n" + body,
        lambda: whole.replace(b"\r\n", b"\n"),
        lambda: whole.replace(b" HTTP/1.1", pick(chance, VERSIONS), 1),
        lambda: whole[: chance.randrange(len(whole))],
        lambda: _mutate(chance, whole),
        lambda: _mutate(chance, _mutate(chance, whole)),
        lambda: _join(line, [*fields, (b"X-Folded", b"a\r\n b"), length]) + body,
        lambda: _join(line, [*fields, (b"X-Odd", bytes([chance.randrange(32)])), length]) + body,
        lambda: _join(line, [*fields, (b"X Odd:", b"1"), length]) + body,
        lambda: any_bytes(chance, 200, EVERY_BYTE),
    )
    return chance.choice(ways)()


def _join(line: bytes, fields: list[Field]) -> bytes:
    return line + b"\r\n" + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n"


def _chunk(chance: Random, body: bytes) -> bytes:
    size = chance.choice((1, 7, 100, 65_536)) if len(body) < 2000 else 65_536
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    extension = pick(chance, (b"",) * 5 + (b";a=b", b';a="b"'))
    return b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces) + b"0\r\n\r\n"


def _mutate(chance: Random, text: bytes) -> bytes:
    """Flip, drop, double or insert a few bytes."""
    changed = bytearray(text)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(changed) + 1)
        kept = changed[place : place + chance.choice((0, 1, 1, 4))]
        changed[place : place + len(kept)] = chance.choice((bytes([chance.randrange(256)]), kept * 2, b"", b"%", b"\0"))
    return bytes(changed)


def _without_ends(target: bytes) -> bytes:
    """A target without what would end the request line: such a request belongs to those that are not whole."""
    return target.translate(None, b"\r\n") or b"/"


TOKEN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
VISIBLE = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
CODINGS = (
    b"gzip",
    b"chunked, chunked",
    b"gzip, chunked",
    b"identity",
    b" chunked",
    b"Chunked",
    b"chunked;q=1",
    b"\x0bchunked",
)
VERSIONS = (
    b" HTTP/1.0",
    b" HTTP/0.9",
    b" HTTP/2.0",
    b" HTTP/9.9",
    b" HTTP/1.1 x",
    b"",
    b" http/1.1",
    b"  HTTP/1.1",
    b"\tHTTP/1.1",
)
FIELD_NAMES = (
    *(b"Accept", b"Accept-Encoding", b"Authorization", b"Cookie", b"Content-Encoding", b"Expect", b"From", b"Range"),
    *(
        b"If-None-Match",
        b"If-Modified-Since",
        b"Origin",
        b"Referer",
        b"TE",
        b"Trailer",
        b"Upgrade",
        b"User-Agent",
        b"Via",
    ),
    *(b"X-Client-Address", b"X-Edge-Observed", b"X-Edge-Policy", b"X-Edge-Source", b"X-Forwarded-For", b"X-Request-Id"),
    *(b"X_Client_Address", b"Forwarded", b"Proxy", b"webhook-id", b"svix-signature", b"X-Signature", b"Connection"),
)
FIELD_VALUES = (
    *(b"", b"1", b"gzip", b"br, gzip", b"bytes=0-1", b"100-continue", b"192.0.2.1", b"unix:", b"none", b"*", b'"1"'),
    *(
        b"keep-alive",
        b"websocket",
        b"h2c",
        b"0197e6a4-1c5e-7000-8000-000000000001",
        b"\xff\xfe",
        b"a" * 4000,
        b"trailers",
    ),
)
