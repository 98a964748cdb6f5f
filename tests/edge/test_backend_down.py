"""Without its backend the edge asks the sender to retry; with it back, all is as before."""

from collections.abc import Iterator

import httpx
import pytest

from tests.edge.conftest import Pair
from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import UUID7
from tests.parts.edge import Edge, wait_until


@pytest.fixture
def asking(lonely: Edge) -> Iterator[httpx.Client]:
    with lonely.client() as client:
        yield client


def assert_unavailable(answer: httpx.Response) -> None:
    said = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (said["status"], said["reason"]) == ("refused", "unavailable")
    assert UUID7.fullmatch(said["id"])


@pytest.mark.parametrize("path", ["/tracking/postback/acme", "/sandbox/postback/acme", "/click/spring"])
def test_every_route_answers_unavailable(asking: httpx.Client, path: str) -> None:
    assert_unavailable(asking.get(path))


def test_a_post_is_answered_too_and_logged_as_one(lonely: Edge, asking: httpx.Client) -> None:
    answer = asking.post("/tracking/postback/acme", json={"a": 1})

    assert_unavailable(answer)
    line = lonely.log_line(answer.headers["x-request-id"])
    assert (line["method"], line["route"], line["status"]) == ("POST", "postback", 503)


def test_health_names_the_backend_as_the_failing_part(lonely: Edge, asking: httpx.Client) -> None:
    answer = asking.get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == lonely.ask_ops("/healthz").json() == {"status": "unavailable", "failing": "backend"}


def test_the_log_names_the_lost_backend_and_calls_nothing_critical(lonely: Edge, asking: httpx.Client) -> None:
    """How often it does so: see test_policy_rules."""
    assert_unavailable(asking.get("/tracking/postback/acme"))

    wait_until(lambda: "the backend gave no connection" in lonely.error_output())
    wait_until(lambda: "connect() to unix:" in lonely.error_output())
    said = lonely.error_output()
    assert "[crit]" not in said
    assert said.count("connect()") == said.count("while connecting to upstream"), "only requests connect, not the pull"


def test_service_is_back_with_the_backend(own_pair: Pair) -> None:
    own_pair.backend.stop()
    with own_pair.edge.client() as client:
        assert_unavailable(client.get("/tracking/postback/acme"))

        own_pair.backend.start()

        wait_until(lambda: client.get("/tracking/postback/acme").status_code == 200)


def test_a_backend_that_dies_before_its_answer_is_asked_once(backend: EchoBackend, client: httpx.Client) -> None:
    """It may have committed before it died: its row must be found by the receipt of the 503."""
    client.get("/tracking/postback/acme")  # leaves an idle connection behind, after which nginx would like to try again

    answer = client.get("/tracking/postback/die-before-answer")

    assert_unavailable(answer)
    assert answer.json()["id"] == answer.headers["x-request-id"]
    assert backend.hung_up_on().count(answer.json()["id"]) == 1


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/tracking/postback/die-mid-answer")
