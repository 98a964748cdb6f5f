"""Paths that other trackers gave out: whose they are, under which policy, and that the key in one is seen nowhere."""

import hmac
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.edge.conftest import TALKATIVE, edge_with, impatient_edge
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import body, exchange, get, header, own_address, post, status
from tests.parts.edge import Edge, wait_until

SALT = bytes(range(20))
KEY = "3f9c0de"
NAMES = ("localhost", "127.0.0.1", "any.example", "red.example", "track.red.example", "px.example", "root.example")


def digest(key: str) -> str:
    return hmac.digest(SALT, key.encode(), "sha1").hex()


SOURCES = (
    source("acme"),
    source("keitaro", paths=["/{key}/postback", "/{key}/die-before-answer"], keys=[digest(KEY), digest("0ld")]),
    source("voluum", paths=["/postback"]),
    source("redtrack", paths=["/postback"], hosts=["red.example", "track.red.example"]),
    source("binom", paths=["/click.php", "/click"], allow=["192.0.2.0/24"]),
    source("slow", paths=["/slow.php"], rate=1, burst=0),
    source("watched", paths=["/watched"], allow=["192.0.2.0/24"], mode="observe"),
    source("root", paths=["/"], hosts=["root.example"]),
    source("pixels", paths=["/px/{key}.gif", "/pb/"], keys=[digest("img1")], hosts=["px.example"]),
    source("broken", paths=["/{key}/gone", "/{key}/there"], any_key=True),
    source("whole", paths=["/{key}/there"], keys=[digest(KEY)]),
    source("one", paths=["/contested"]),
    source("two", paths=["/contested"]),
)


@pytest.fixture(scope="module")
def backend() -> Iterator[EchoBackend]:
    with EchoBackend() as backend:
        backend.set_policy(json.dumps({"version": 50, "salt": SALT.hex(), "sources": SOURCES}).encode())
        yield backend


@pytest.fixture(scope="module")
def edge(backend: EchoBackend) -> Iterator[Edge]:
    """An edge that knows these sources; all tests leave it as it is."""
    with edge_with(backend, POSTLEDGER_SERVER_NAMES=",".join(NAMES)) as edge:
        yield edge


@pytest.fixture(scope="module", autouse=True)
def late(backend: EchoBackend) -> Iterator[tuple[Edge, Future[bytes]]]:
    """An edge with the shipped timeouts, and its answer to a body that stops: five seconds later."""
    with impatient_edge(backend) as edge, ThreadPoolExecutor(1) as pool:
        yield edge, pool.submit(exchange, edge, post(f"/{KEY}/postback", b"x" * 1000)[:-500])


def ask(edge: Edge, target: str, host: str = "localhost", method: bytes = b"GET") -> tuple[int, dict[str, Any]]:
    request = get(target).replace(b"Host: localhost", b"Host: " + host.encode()).replace(b"GET", method, 1)
    answer = exchange(edge, request)
    return status(answer), json.loads(body(answer))


def owner(edge: Edge, target: str, host: str = "localhost") -> str | None:
    """Whom the edge has named to the backend, None where it has not asked it."""
    code, told = ask(edge, target, host)
    if code == 404:
        assert told["reason"] == "not_found"
        return None
    assert (code, told["uri"]) == (200, target)
    found: str = told["headers"]["x-edge-source"]
    return found


@pytest.mark.parametrize(
    ("target", "host", "slug"),
    [
        (f"/{KEY}/postback?subid=A&status=sale", "localhost", "keitaro"),
        ("/0ld/postback?subid=A", "any.example", "keitaro"),
        ("/postback?cid=A", "localhost", "voluum"),
        ("/postback?clickid=A", "red.example", "redtrack"),
        ("/postback?clickid=A", "TRACK.red.example:8443", "redtrack"),
        ("/px/img1.gif?a=%20b", "px.example", "pixels"),
        ("/pb/?hit=1", "px.example", "pixels"),
        ("/pb?hit=1", "px.example", "pixels"),
        (f"/{KEY}/postback/?subid=A", "localhost", "keitaro"),
        ("/postback/?cid=A", "localhost", "voluum"),
        ("/?nid=1", "root.example", "root"),
        ("/any0ne/gone?subid=A", "localhost", "broken"),
        ("/any0ne/there?subid=A", "localhost", "broken"),
        (f"/{KEY}/there?subid=A", "localhost", "whole"),
    ],
)
def test_a_path_leads_to_its_source_by_host_by_key_or_alone(edge: Edge, target: str, host: str, slug: str) -> None:
    assert owner(edge, target, host) == slug


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (f"/{KEY}0/postback", "localhost"),
        (f"/{KEY[:-1]}/postback", "localhost"),
        (f"/a/{KEY}/postback", "localhost"),
        ("//postback", "localhost"),
        (f"/x/../{KEY}/postback", "localhost"),
        ("/%33f9c0de/postback", "localhost"),
        ("/%70ostback", "localhost"),
        ("/px/img1.gif", "localhost"),
        ("/px/.gif", "px.example"),
        (f"/{KEY}/postback//", "localhost"),
        ("/", "localhost"),
        ("/contested", "localhost"),
        ("/internal/policy", "localhost"),
        ("/nowhere", "red.example"),
    ],
)
def test_every_other_path_leads_nowhere(edge: Edge, target: str, host: str) -> None:
    assert owner(edge, target, host) is None


def test_a_client_cannot_name_the_source_in_a_header(edge: Edge) -> None:
    claim = b"Connection: close\r\nX-Edge-Source: keitaro\r\n"

    paths = ("/click/a", "/tracking/postback/acme", "/postback")
    answers = [exchange(edge, get(path).replace(b"Connection: close\r\n", claim)) for path in paths]

    named = [json.loads(body(answer))["headers"].get("x-edge-source") for answer in answers]
    assert named == [None, None, "voluum"]


def test_the_allowlist_and_the_quota_of_the_source_hold_there_too(edge: Edge) -> None:
    assert ask(edge, "/click.php?cnv_id=A")[1]["reason"] == "ip_not_allowed"
    assert ask(edge, "/slow.php")[0] == 200
    wait_until(lambda: ask(edge, "/slow.php")[0] == 429, what="a second one within a second")
    assert ask(edge, "/watched")[1]["headers"]["x-edge-observed"] == "ip_not_allowed"


def test_an_unreadable_request_is_404_unless_the_path_has_a_source(
    edge: Edge,
) -> None:
    assert ask(edge, "/postback", method=b"PROPFIND")[1]["reason"] == "method_not_allowed"
    assert ask(edge, "/postback?a=b#c")[1]["reason"] == "malformed"
    assert ask(edge, "/postback?a=é")[0] == 200
    assert json.loads(body(exchange(edge, get("/postback", "X-Odd: \x01"))))["reason"] == "malformed"
    assert ask(edge, "/nowhere", method=b"PROPFIND")[1]["reason"] == "not_found"


def test_such_a_path_is_logged_and_counted_by_its_route_and_its_source(own_edge: Edge) -> None:
    answer = exchange(own_edge, get(f"/{KEY}/postback?subid=A&payout=1"))
    ask(own_edge, "/click.php")

    line = own_edge.log_line(header(answer, "X-Request-Id"))
    assert (line["route"], line["source"], line["params"]) == ("dialect", "keitaro", ["payout"])
    wait_until(lambda: own_edge.metrics().get('postledger_edge_requests_total{route="dialect",status="200"}') == 1)
    refused = 'postledger_edge_refusals_total{source="binom",reason="ip_not_allowed"}'
    wait_until(lambda: own_edge.metrics()[refused] == 1)


def test_the_key_is_in_no_log_no_metric_and_no_file(edge: Edge) -> None:
    client = own_address()
    for target in (f"/{KEY}/postback?x={KEY}", f"/{KEY}/die-before-answer", f"/{KEY}/elsewhere"):
        exchange(edge, get(target), client)
    for request in (b"GET /" + KEY.encode() + b"/postback HTTP/9.9\r\n\r\n", get(f"/{KEY}/postback?" + "x" * 40000)):
        exchange(edge, request, client)

    wait_until(lambda: len(edge.access_log(client=client)) == 5)
    for words in ("upstream prematurely closed", "client sent invalid version", "client sent too long URI"):
        wait_until(lambda words=words: words in "".join(edge.errors_about(client)), what=words)  # type: ignore[misc]
    seen = [path for path in edge.prefix.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert seen == []
    assert KEY not in edge.error_output()


def test_without_a_policy_every_path_is_unavailable() -> None:
    with Edge(backend_socket="/tmp/no-such-socket", environment=TALKATIVE) as edge:
        assert ask(edge, f"/{KEY}/postback")[1]["reason"] == "unavailable"


@pytest.mark.parametrize(
    ("request_bytes", "code", "reason"),
    [
        (post(f"/{KEY}/postback", b"x" * 131_073), 413, "payload_too_large"),
        (get(f"/{KEY}/postback", "X-Long: " + "y" * 20_000), 431, "malformed"),
    ],
)
def test_what_is_too_large_is_refused_under_the_source_of_its_path(
    edge: Edge, request_bytes: bytes, code: int, reason: str
) -> None:
    assert_refused_and_logged(edge, exchange(edge, request_bytes), code, reason)


def test_a_body_that_stops_is_refused_under_the_source_of_its_path(late: tuple[Edge, Future[bytes]]) -> None:
    impatient, answer = late
    assert_refused_and_logged(impatient, answer.result(), 408, "timeout")


def assert_refused_and_logged(edge: Edge, answer: bytes, code: int, reason: str) -> None:
    receipt = header(answer, "X-Request-Id")
    assert (status(answer), json.loads(body(answer))["reason"]) == (code, reason)
    line = edge.log_line(receipt)
    assert (line["route"], line["source"], line["status"]) == ("dialect", "keitaro", code)
    assert KEY not in (edge.prefix / "logs" / "access.log").read_text()
