"""Without a backend the sender is told, within two seconds, to come again; with it back, all is as before."""

from collections.abc import Iterator

import httpx
import pytest

from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import UUID7
from tests.parts.edge import Edge, wait_until
from tests.parts.stopwatch import Stopwatch


@pytest.fixture
def asking(own_edge: Edge) -> Iterator[httpx.Client]:
    """A client of an edge whose backend this test may stop."""
    with own_edge.client() as client:
        yield client


def assert_unavailable(answer: httpx.Response) -> None:
    said = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (said["status"], said["reason"]) == ("refused", "unavailable")
    assert UUID7.fullmatch(said["id"])


@pytest.mark.parametrize("path", ["/tracking/postback/acme", "/sandbox/postback/acme", "/click/spring"])
def test_every_route_answers_unavailable_at_once(
    own_backend: EchoBackend, asking: httpx.Client, stopwatch: Stopwatch, path: str
) -> None:
    own_backend.stop()

    before_s = stopwatch.now_s()
    answer = asking.get(path)

    assert stopwatch.now_s() - before_s < 2
    assert_unavailable(answer)


def test_a_post_is_answered_too_and_logged_as_one(
    own_edge: Edge, own_backend: EchoBackend, asking: httpx.Client
) -> None:
    own_backend.stop()

    answer = asking.post("/tracking/postback/acme", json={"a": 1})

    assert_unavailable(answer)
    line = own_edge.log_line(answer.headers["x-request-id"])
    assert (line["method"], line["route"], line["status"]) == ("POST", "postback", 503)


def test_health_names_the_backend_as_the_failing_part(own_backend: EchoBackend, asking: httpx.Client) -> None:
    own_backend.stop()

    answer = asking.get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "failing": "backend"}


def test_health_on_the_ops_listener_says_the_same(own_edge: Edge, own_backend: EchoBackend) -> None:
    own_backend.stop()

    assert own_edge.ask_ops("/healthz").json() == {"status": "unavailable", "failing": "backend"}


def test_service_is_back_with_the_backend(own_backend: EchoBackend, asking: httpx.Client) -> None:
    own_backend.stop()
    assert_unavailable(asking.get("/tracking/postback/acme"))

    own_backend.start()

    wait_until(lambda: asking.get("/tracking/postback/acme").status_code == 200)


def test_while_it_is_away_the_log_says_so_once_and_calls_nothing_critical(
    own_edge: Edge, own_backend: EchoBackend, asking: httpx.Client
) -> None:
    own_backend.stop()
    wait_until(lambda: "the backend gave no connection" in own_edge.error_output())
    wait_until(lambda: own_edge.policy_age_s() > 3)

    assert_unavailable(asking.get("/tracking/postback/acme"))

    wait_until(lambda: "connect() to unix:" in own_edge.error_output())
    said = own_edge.error_output()
    assert said.count("the backend gave no connection") == 1
    assert said.count("connect()") == 1, "who asks for the policy says it in other words"
    assert "[crit]" not in said


def test_the_sender_is_told_the_receipt_that_the_backend_was_told(
    own_backend: EchoBackend, asking: httpx.Client
) -> None:
    """The backend may have committed before it died: its row must be found by the receipt of the 503."""
    answer = asking.get("/tracking/postback/die-before-answer")

    assert_unavailable(answer)
    assert own_backend.hung_up_on() == [answer.json()["id"]] == [answer.headers["x-request-id"]]


def test_a_backend_that_dies_before_its_answer_is_asked_once_only(
    own_backend: EchoBackend, asking: httpx.Client
) -> None:
    asking.get("/tracking/postback/acme")  # leaves an idle connection behind, which nginx would gladly try again after

    assert_unavailable(asking.get("/tracking/postback/die-before-answer"))

    assert len(own_backend.hung_up_on()) == 1


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(asking: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asking.get("/tracking/postback/die-mid-answer")
