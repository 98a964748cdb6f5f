"""The network guard: how much one address may ask of all routes together, and how that is said."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.edge.conftest import TALKATIVE
from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import UUID7
from tests.parts.edge import Edge

CANARY = "CANARY7f3a"
RATE = 5


@pytest.fixture
def guarded(own_backend: EchoBackend) -> Iterator[Edge]:
    """An edge with a guard that a test can reach."""
    environment = {**TALKATIVE, "POSTLEDGER_NETWORK_RATE": str(RATE)}
    with Edge(backend_socket=own_backend.socket, environment=environment) as edge:
        yield edge


def answers(edge: Edge, path: str, count: int) -> list[httpx.Response]:
    with httpx.Client(base_url=edge.https_url, verify=edge.tls_context()) as client:
        return [client.get(path) for _ in range(count)]


@pytest.mark.parametrize("path", ["/tracking/postback/acme", "/click/spring", "/healthz", "/nowhere"])
def test_every_route_is_guarded_and_says_so_in_the_contracts_words(guarded: Edge, path: str) -> None:
    refused = [answer for answer in answers(guarded, path, RATE * 5) if answer.status_code == 429]

    assert refused != []
    said = json.loads(refused[0].content)
    assert (said["status"], said["reason"], refused[0].headers["retry-after"]) == ("refused", "rate_limited", "1")
    assert UUID7.fullmatch(said["id"])


def test_a_flood_does_not_fill_the_log_with_the_words_of_who_sends_it(guarded: Edge) -> None:
    answers(guarded, f"/tracking/postback/{CANARY}?sig={CANARY}", RATE * 5)

    assert CANARY not in guarded.error_output()
    assert CANARY not in (guarded.prefix / "logs" / "access.log").read_text()


def test_zero_switches_it_off(own_backend: EchoBackend) -> None:
    environment = {"POSTLEDGER_NETWORK_RATE": "0"}
    with Edge(backend_socket=own_backend.socket, environment=environment) as edge:
        assert {answer.status_code for answer in answers(edge, "/click/spring", 300)} == {200}
        assert (edge.prefix / "conf/runtime/guarded.conf").read_text() == ""


def test_by_default_a_thousand_a_second_pass(edge: Edge) -> None:
    assert "rate=1000r/s" in (edge.prefix / "conf/runtime/guard.conf").read_text()
    assert {answer.status_code for answer in answers(edge, "/click/spring", 500)} == {200}


def test_operators_are_not_limited(guarded: Edge) -> None:
    with httpx.Client(base_url=guarded.ops_url) as client:
        assert {client.get("/status").status_code for _ in range(RATE * 10)} == {200}
