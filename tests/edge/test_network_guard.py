"""The network guard: how much one address may ask of all routes together, and how that is said."""

from collections.abc import Iterator

import httpx
import pytest

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import UUID7
from tests.parts.edge import Edge, wait_until
from tests.parts.part import ANSWER_WITHIN_S

CANARY = "CANARY7f3a"
RATE = 1  # on the slowest machine too somebody asks for more


@pytest.fixture(scope="module")
def guarded(backend: EchoBackend) -> Iterator[Edge]:
    """An edge with a guard that a test can reach."""
    with edge_with(backend, POSTLEDGER_NETWORK_RATE=str(RATE)) as edge:
        yield edge


def answers(edge: Edge, path: str, count: int) -> list[httpx.Response]:
    with edge.client() as client:
        return [client.get(path) for _ in range(count)]


def refuse(edge: Edge, path: str) -> httpx.Response:
    """Asks until that is too much."""
    given: list[httpx.Response] = []

    def is_refused() -> bool:
        given.append(client.get(path))
        return given[-1].status_code == 429

    with edge.client() as client:
        wait_until(is_refused, what="a refusal")
    return given[-1]


@pytest.mark.parametrize("path", ["/tracking/postback/acme", "/click/spring", "/healthz", "/nowhere"])
def test_every_route_is_guarded_and_says_so_in_the_contracts_words(guarded: Edge, path: str) -> None:
    refused = refuse(guarded, path)

    said = refused.json()
    assert (said["status"], said["reason"], refused.headers["retry-after"]) == ("refused", "rate_limited", "1")
    assert UUID7.fullmatch(said["id"])


def test_a_flood_does_not_fill_the_log_with_the_words_of_who_sends_it(guarded: Edge) -> None:
    refused = refuse(guarded, f"/tracking/postback/{CANARY}?sig={CANARY}")

    assert guarded.log_line(refused.headers["x-request-id"])["status"] == 429
    wait_until(lambda: "limiting requests" in guarded.error_output())
    assert CANARY not in guarded.error_output()
    assert CANARY not in (guarded.prefix / "logs" / "access.log").read_text()


def test_zero_switches_it_off(backend: EchoBackend) -> None:
    with edge_with(backend, POSTLEDGER_NETWORK_RATE="0") as edge:
        assert {answer.status_code for answer in answers(edge, "/click/spring", 50)} == {200}
        assert (edge.prefix / "conf/runtime/guarded.conf").read_text() == ""


def test_by_default_a_thousand_a_second_pass(edge: Edge) -> None:
    assert "rate=1000r/s" in (edge.prefix / "conf/runtime/guard.conf").read_text()
    assert {answer.status_code for answer in answers(edge, "/click/spring", 200)} == {200}


def test_operators_are_not_limited(guarded: Edge) -> None:
    with httpx.Client(base_url=guarded.ops_url, timeout=ANSWER_WITHIN_S) as client:
        assert {client.get("/status").status_code for _ in range(RATE * 50)} == {200}
