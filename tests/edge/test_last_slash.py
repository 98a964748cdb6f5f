"""A last slash is the same route, and HEAD is GET without a body, on each listener."""

import pytest

from tests.parts.edge import Edge

OPS = ["/status", "/status/nginx", "/metrics", "/metrics/backend", "/healthz", "/runbooks/LedgerUnavailable.md"]


@pytest.mark.parametrize(
    "path", ["/tracking/postback/acme/", "/tracking/postback/?source=acme", "/sandbox/postback/acme/"]
)
def test_a_postback_with_a_last_slash_is_judged_by_its_source(edge: Edge, path: str) -> None:
    with edge.client() as client:
        answer = client.get(path)

    assert (answer.status_code, answer.json()["uri"]) == (200, path)
    assert edge.log_line(answer.headers["x-request-id"])["source"] == "acme"


def test_a_last_slash_opens_no_closed_source(edge: Edge) -> None:
    with edge.client() as client:
        answers = [
            client.get(path).json() for path in ("/tracking/postback/closed/", "/sandbox/postback/?source=closed")
        ]

    assert [answer["reason"] for answer in answers] == ["ip_not_allowed"] * 2


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_health_is_asked_on_both_of_its_paths(edge: Edge, path: str) -> None:
    with edge.client() as client:
        get, head = client.get(path), client.head(path)

    assert (get.json()["uri"], get.json()["socket"]) == ("/healthz", "operators.sock")
    assert (head.status_code, head.content) == (200, b"")
    assert edge.log_line(get.headers["x-request-id"])["route"] == "healthz"


@pytest.mark.parametrize("path", OPS)
def test_an_ops_route_is_the_same_with_a_last_slash_and_for_head(edge: Edge, path: str) -> None:
    get, slash, head = edge.ask_ops(path), edge.ask_ops(f"{path}/"), edge.ask_ops(path, method="HEAD")

    assert (get.status_code, slash.status_code, head.status_code) == (200, 200, 200)
    assert get.headers["content-type"] == slash.headers["content-type"] == head.headers["content-type"]
    assert get.content
    assert slash.content
    assert head.content == b""
