"""Bent requests through the whole backend: networks' own, a tracker's addresses, nested bodies, answers in other words.

What the domain makes of each is tested there, over many more; here is that nothing on the way to it and back gives way.
"""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from tests.http.conftest import Service
from tests.parts.networks import NETWORKS, add_network
from tests.parts.sender import Postback, Sender
from tests.parts.sources import add_source
from tests.parts.waiting import HANGS_AFTER_S

KEY = "5a0d1c2"
TRACKERS: dict[str, dict[str, Any]] = {
    "bent-keitaro": {"dialect": "keitaro", "secrets": [KEY]},
    "bent-voluum": {"dialect": "voluum", "auth": "none", "ack": {"ok": "{transaction_id}:OK", "refused": "no"}},
}
ODD = b'& = % %00 %ff + , 0 - { } " [ null \xff \x80 / ..'.split()
PIECES = (b"", *ODD)
BENT_EACH = 12


@pytest.fixture(scope="module")
def bendable(service: Service, master_key: str) -> Service:
    """All networks, and two trackers' addresses."""
    for network in NETWORKS:
        slug = f"bent-{network.slug}"
        add_network(service.database, master_key, replace(network, name=slug))
    for slug, table in TRACKERS.items():
        read = read_configuration({"sources": [{"slug": slug, **table}]}, {}, read_known()).sources[slug]
        add_source(service.database, master_key, slug, table.get("secrets", []), msgspec.to_builtins(read.settings))
    service.backend.wait_for_source("bent-voluum")
    return service


def list_requests() -> Iterator[Postback]:
    """A genuine one of each kind."""
    nested = {
        "v": 2,
        "conversion": {"click_id": "B1"},
        "amount": {"value": "1.5"},
        "items": [{"sku": "a", "quantity": 1}],
    }
    keitaro = f"/{KEY}/postback?subid=B1&status=sale&payout=1.5&tid=B2&sale_status=sale,3"
    yield Sender("acme").json(nested)
    yield Sender("acme").form({"click_id": "B1", "payout": "1.5"})
    yield Postback("GET", keitaro, headers={"X-Edge-Source": "bent-keitaro"})
    yield Postback("GET", "/postback?cid=B1&txid=B2&payout=1", headers={"X-Edge-Source": "bent-voluum"})
    yield Postback("GET", "/schemas/postback-v2.json")
    for network in NETWORKS:
        yield network.sign(f"/tracking/postback/bent-{network.slug}", "B1", int(time.time()))


def write(postback: Postback) -> bytes:
    """The request as bytes, each value in its header and its length as they are."""
    headers = {"Host": "x", "Connection": "close", **postback.headers, "Content-Length": str(len(postback.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{postback.method} {postback.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + postback.body


def bend(chance: Random, postback: Postback) -> Postback:
    """Put something odd into the target, the body, or the value of a header."""
    headers = dict(postback.headers)
    place = chance.choice(["target", *(["body"] if postback.body else []), *sorted(headers)])
    if place == "body":
        return Postback(postback.method, postback.target, disturb(chance, postback.body), headers)
    if place == "target":
        target = disturb(chance, postback.target.encode()[1:]).decode("latin-1")
        return Postback(postback.method, f"/{target}", postback.body, headers)
    headers[place] = disturb(chance, headers[place].encode()).decode("latin-1")
    return Postback(postback.method, postback.target, postback.body, headers)


def disturb(chance: Random, text: bytes) -> bytes:
    start = chance.randint(0, len(text))
    return text[:start] + chance.choice(PIECES) * chance.randint(1, 3) + text[start + chance.randint(0, 4) :]


def ask(service: Service, request: bytes) -> tuple[int, bytes]:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(HANGS_AFTER_S)
        client.connect(str(service.backend.socket))
        client.sendall(request)
        head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("seed", range(3))
def test_no_bent_request_is_a_bug_and_each_is_answered_in_its_shape(bendable: Service, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - so that what fails can be tried again
    requests = [write(bend(chance, postback)) for postback in list_requests() for _ in range(BENT_EACH)]

    answers = [(request, *ask(bendable, request)) for request in requests]

    assert [(request, code) for request, code, _ in answers if not 200 <= code < 500] == []
    assert [request for request, code, body in answers if code >= 400 and not is_ours(body)] == []
    bendable.backend.wait_until_counted()  # what is counted and told later may be a bug, too
    assert "bug:" not in bendable.backend.log_text()


def is_ours(body: bytes) -> bool:
    """Told with a reason, or in the source's own words."""
    return body in (b"no", b"0", b"1", b"vc_decline", b'{"isValid":false}') or "reason" in json.loads(body)
