"""A request without a valid signature costs at most ten plain requests, whatever it is made of.

The cost is the number of steps that the interpreter takes, so that no result depends on the speed of the machine.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from types import FrameType
from typing import Any

import msgspec
import pytest

from postledger.clicks.visit import read_visit
from postledger.http.schemas import read_schemas
from postledger.ingest.receive import evaluate
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.profile_schema import Profile, read_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from tests.parts.signed_requests import GOOD, NOW, SECRET, get, post

AT_MOST = 10
QUERY_BYTES, HEADER_BYTES = 16_000, 8_000
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def count_steps(call: Callable[[], object]) -> int:
    """Count the instructions of Python code that a call executes."""
    steps = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


def source(profile: Profile | None = None, **settings: Any) -> Source:
    read = msgspec.convert({"currency": "USD", **settings}, Settings)
    made = Source(1, "acme", read, (Key.from_secret(11, SECRET),), profile or find_profile(read), b"key")
    made.compile()
    return made


def by_parameters(location: str) -> Profile:
    """A profile whose signature is a parameter, over the parameters: the body must be read to verify it."""
    table = {"signature": {"from": location, "name": "sign"}, "mac": "hmac-sha256", "message": "{parameters}"}
    return read_profile({**table, "parameters": {"from": location, "sort": "name", "join": "&"}, "methods": ["POST"]})


def by_list(**signature: Any) -> Profile:
    """A profile whose signature is a list of items in a header."""
    table = {"mac": "hmac-sha256", "message": "{body}", "methods": ["POST"]}
    return read_profile({**table, "signature": {"from": "header", "name": "X-Sign", **signature}})


LISTED_HEADERS = read_profile({
    "signature": {"from": "header", "name": "X-Sign", "split": ",", "pair": "=", "pick": ["v1"]},
    "mac": "hmac-sha256", "message": "{headers:h}.{body}", "methods": ["POST"],
})  # fmt: skip
SOURCES = {
    "raw": source(),
    "masked": source(pii=["email", "a"]),
    "token": source(auth="token"),
    "form": source(by_parameters("form")),
    "json": source(by_parameters("json"), pii=["email", "a"]),
    "open": source(auth="none"),
}
PLAIN = count_steps(lambda: evaluate(get(GOOD), SOURCES["raw"]))
NESTED = json.loads(read_schemas()["postback-v2.json"])["examples"][1]
PLAIN_JSON = count_steps(lambda: evaluate(post(json.dumps(NESTED).encode()), SOURCES["raw"]))


def fill(before: str, unit: str, between: str, after: str, limit: int) -> bytes:
    """Repeat a unit as often as the limit allows. Each `#` in it becomes another number."""
    room = limit - len((before + after).encode())
    count = room // (len((unit + between).encode()) + (4 if "#" in unit else 0))
    text = between.join([unit.replace("#", str(number)) for number in range(count)])
    return f"{before}{text}{after}".encode()[:limit]


PARTS = (
    "", "a", "=", "a=", "a=1", "#=1", "email=%40", "sub1=%41", "%41=%41", "click_id=+", "a=%zz", "a=é", "%", "+",
    "a={x},", "{%zz,a,", "sign=1", "source=acme", "payout=1",
)  # fmt: skip


def list_urlencoded(limit: int) -> Iterator[bytes]:
    """Queries and forms of the largest size: many parameters, and a few long ones."""
    for part in PARTS:
        yield fill("", part, "&", "", limit)
        for count in (1, 99):
            yield b"&".join([fill("sub1=" if count == 1 else f"p{n}=", part or "x", "", "", limit // count - 1)
                             for n in range(count)])  # fmt: skip


TOKENS = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "1",
    '"a":',
    '"#":[]',
    '"#":1',
    "é",
    "null",
    '"\\u0041"',
    '"\\ud83d"',
)
FRONTS = ('{"a":', '{"v":"2","items":[')
MEMBERS = (
    "1", "[]", "{}", '""', "null", "true", "1.5e3", '"é"', '"\\u0041"', '"\\""', "[[[]]]", '{"b":{"b":1}}', '{"a":1}',
    '{"sku":"x"}', '{"#":1,"x":2,"x":3}', '","',
)  # fmt: skip


def list_json() -> Iterator[bytes]:
    """Bodies of the largest size: every pair of tokens repeated, and well-formed lists and objects."""
    for front, first, second in product(FRONTS, TOKENS, ("", *TOKENS)):
        yield fill(front, first + second, "", "", MAX_BODY_BYTES)
    for version, member in product(("", '"v":"2",'), MEMBERS):
        for count_limit in (MAX_BODY_BYTES, 4_000, 1_000):
            yield fill(f'{{{version}"a":[', member, ",", "]}", count_limit)
            yield fill(f"{{{version}", f'"#":{member}', ",", "}", count_limit)
            yield fill(f"{{{version}", f'"a":{member},"b":{member}', ",", "}", count_limit)
            yield fill(f'{{{version}"conversion":{{', f'"x#":{member}', ",", "}}", count_limit)
        yield f'{{{version}"sub1":"{"é" * 30_000}"}}'.encode()
        yield f'{{{version}"sub1":"{"{x}," * 16_000}"}}'.encode()
    yield b'{"v":"2","z":[],"z":[],' + fill("", '"#":[]', ",", "}", MAX_BODY_BYTES - 30)
    yield from list_flat_json()


def list_flat_json() -> Iterator[bytes]:
    """Bodies of version 1 with many nested values in front of one that is refused, and with deep ones."""
    for member, last in product(MEMBERS[:-1], ('"payout":[]', '"click_id":"A"', '"email":[],"sub1":[1]')):
        yield f"{{{','.join(f'{chr(34)}x{number}{chr(34)}:{member}' for number in range(98))},{last}}}".encode()
    for (before, after), depth in product([("[", "]"), ('{"a":', "}"), ('[{"email":1},', "]")], (6, 100, 230)):
        yield f'{{"click_id":"A","x":{before * depth}1{after * depth},"payout":[]}}'.encode()


def send(body: bytes, media_type: str, headers: dict[str, str] | None = None, query: bytes = b"") -> Request:
    return Request("r", NOW, "POST", body=body, media_type=media_type, headers=headers or {}, query=query)


def assert_cheap(requests: Iterable[Request], to: Source, plain: int = PLAIN) -> None:
    costs = [(count_steps(partial(evaluate, request, to)), request) for request in requests]
    steps, worst = max(costs, key=lambda cost: cost[0])

    assert steps <= AT_MOST * plain, (steps / plain, worst.query[:60], worst.body[:60], worst.headers)


@pytest.mark.parametrize("to", SOURCES.values(), ids=SOURCES)
def test_a_hostile_query_costs_little(to: Source) -> None:
    assert_cheap((Request("r", NOW, "GET", query=query) for query in list_urlencoded(QUERY_BYTES)), to)


@pytest.mark.parametrize("to", SOURCES.values(), ids=SOURCES)
def test_a_hostile_form_costs_little(to: Source) -> None:
    assert_cheap((send(body, FORM) for body in list_urlencoded(MAX_BODY_BYTES)), to)


@pytest.mark.parametrize("to", [SOURCES["raw"], SOURCES["masked"], SOURCES["json"]])
def test_hostile_json_costs_little(to: Source) -> None:
    assert_cheap((send(body, JSON) for body in list_json()), to, PLAIN_JSON)


@pytest.mark.parametrize("to", SOURCES.values(), ids=SOURCES)
def test_a_hostile_query_beside_a_body_costs_little(to: Source) -> None:
    assert_cheap((send(b'{"a":1}', JSON, query=query) for query in list_urlencoded(QUERY_BYTES)), to)


def test_a_hostile_click_link_costs_little() -> None:
    links = [query.decode("latin-1") for query in list_urlencoded(QUERY_BYTES)]

    assert max(count_steps(partial(read_visit, link)) for link in links) <= AT_MOST * PLAIN


@pytest.mark.parametrize("unit", [";", "a", "é", '"', "charset=", "application/json;", ";charset=utf-8"])
def test_a_hostile_media_type_costs_little(unit: str) -> None:
    types = [unit * (HEADER_BYTES // len(unit)), JSON + unit * (HEADER_BYTES // len(unit))]

    assert_cheap((send(b"{}", media_type) for media_type in types), SOURCES["json"])


LISTS = {
    "webhook": SOURCES["raw"],
    "plain": source(by_list(split=",")),
    "one name": source(by_list(split=",", pair="=", pick=["v1"])),
    "two names": source(by_list(split=",", pair="=", pick=["v2", "v1"])),
    "headers": source(LISTED_HEADERS),
}


@pytest.mark.parametrize("to", LISTS.values(), ids=LISTS)
def test_a_hostile_list_of_signatures_costs_little(to: Source) -> None:
    units = ("v1,a ", "v1=a,", "v2=a,", ",", " ", "=", "v1=,h=", "v#=a,")
    lists = [fill("v1=a,h=x ", unit, "", "", HEADER_BYTES).decode() for unit in (*units, "x ", "x# ")]
    beside = {"webhook-id": "m", "webhook-timestamp": "1790000000"}
    requests = (
        send(b"{}", JSON, {"webhook-signature": text, "x-sign": text, "x": "x" * HEADER_BYTES, **beside})
        for text in lists
    )

    assert_cheap(requests, to)
