"""Click links at the edge: no byte of a link and no header field stops a visitor, and the rate only marks a click."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.edge.conftest import TALKATIVE
from tests.edge.echo_backend import EchoBackend, campaign, source
from tests.edge.quota_clock import copy_with_quota_clock, set_quota_clock
from tests.edge.wire import body, exchange, get, status
from tests.parts.edge import Edge

START_S = 1000.0
BURST = 5


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An edge whose quotas see no time pass. Each test uses campaigns of its own."""
    root = copy_with_quota_clock(tmp_path_factory.mktemp("root"))
    slugs = ("spring", "summer", "headed", "slashed")
    with EchoBackend() as backend:
        backend.set_sources(source("acme"), campaigns=[campaign(slug, 1, BURST) for slug in slugs])
        edge = Edge(backend_socket=backend.socket, environment=TALKATIVE, root=root)
        set_quota_clock(edge, START_S)
        with edge:
            yield edge


def observe(edge: Edge, target: str, count: int, method: str = "GET") -> list[str | None]:
    """What the backend learns of so many clicks. HEAD has no body, so that it is not known."""
    with edge.client() as client:
        answers = [client.request(method, target) for _ in range(count)]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json()["headers"].get("x-edge-observed") for answer in answers if answer.content]


def test_clicks_beyond_the_burst_are_marked_and_passed_on(counted: Edge) -> None:
    assert observe(counted, "/click/spring", BURST + 2) == [None] * BURST + ["rate_limited"] * 2

    set_quota_clock(counted, START_S + 1)

    assert observe(counted, "/click/spring", 2) == [None, "rate_limited"]
    assert observe(counted, "/click/summer", 1) == [None]


def test_a_last_slash_is_the_same_campaign(counted: Edge) -> None:
    assert observe(counted, "/click/slashed/", BURST) == [None] * BURST
    assert observe(counted, "/click/slashed", 1) == ["rate_limited"]


@pytest.mark.parametrize("path", ["/click", "/click/", "/click?aff=1"])
def test_a_link_without_a_campaign_is_a_click_too(edge: Edge, path: str) -> None:
    with edge.client() as client:
        assert client.get(path).json()["uri"] == path


def test_head_uses_up_no_rate(counted: Edge) -> None:
    observe(counted, "/click/headed", BURST, "HEAD")

    assert observe(counted, "/click/headed", BURST) == [None] * BURST


def ask(edge: Edge, request: bytes) -> tuple[int, dict[str, Any]]:
    """Send these bytes; return the status, and what the backend saw."""
    answer = exchange(edge, request)
    return status(answer), json.loads(body(answer))


@pytest.mark.parametrize(
    ("query", "passed"),
    [
        (b"sub1=100%&x=%zz", "sub1=100%&x=%zz"),
        (b"sub1=%E9t%E9", "sub1=%E9t%E9"),
        (b"sub1=\xc3\xa9&\xff=\xfe", "sub1=%C3%A9&%FF=%FE"),
        (b"sub1=a&sub1=b#c", "sub1=a&sub1=b%23c"),
        (b"a=\"{x}|\\^`<>'", "a=\"{x}|\\^`<>'"),
        (b"&" * 150 + b"sub1=a", "&" * 150 + "sub1=a"),
    ],
)
def test_any_bytes_of_a_click_link_reach_the_backend(edge: Edge, query: bytes, passed: str) -> None:
    code, seen = ask(edge, get(b"/click/spring?" + query))

    assert (code, seen["uri"]) == (200, f"/click/spring?{passed}")


@pytest.mark.parametrize("path", ["//click/spring", "/click//spring", "/click/spring#a", "/click/%73pring"])
def test_the_backend_gets_the_path_of_a_link_as_nginx_reads_it(edge: Edge, path: str) -> None:
    code, seen = ask(edge, get(f"{path}?sub1=a"))

    assert (code, seen["uri"]) == (200, "/click/spring?sub1=a")


def test_no_header_field_stops_a_visitor(edge: Edge) -> None:
    fields = [f"X-Field-{number}: a" for number in range(150)]

    code, seen = ask(edge, get("/click/spring", *fields, "Referer: a\x01b", "Cookie: secret=1"))

    assert code == 200
    assert not {"referer", "cookie", "x-field-1"} & seen["headers"].keys()


def test_a_visitor_cannot_mark_a_click(edge: Edge) -> None:
    _, seen = ask(edge, get("/click/spring", "X-Edge-Observed: rate_limited"))

    assert "x-edge-observed" not in seen["headers"]
