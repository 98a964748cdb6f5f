"""What makes no difference: a last slash, HEAD instead of GET, a POST with everything in its query."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.http.conftest import Service
from tests.parts.sender import Postback, Sender
from tests.parts.sources import add_source

ACME = Sender("acme")


@pytest.fixture(scope="module")
def ways(service: Service, master_key: str) -> dict[str, Callable[[str], Postback]]:
    """One way to send a signed or unsigned query for each kind of source."""
    optional = {"click": "optional", "currency": "USD"}
    add_source(service.database, master_key, "tokens", settings={"auth": "token", **optional})
    add_source(service.database, master_key, "open", [], settings={"auth": "none", **optional})
    service.backend.wait_for_source("open")
    return {
        "signature": ACME.get,
        "token": lambda query: Postback("GET", f"/tracking/postback/tokens?{query}&token=s3cret-current"),
        "none": lambda query: Postback("GET", f"/tracking/postback/open?{query}"),
    }


@pytest.mark.parametrize("way", ["signature", "token", "none"])
def test_a_post_with_everything_in_its_query_is_read(
    service: Service, ways: dict[str, Callable[[str], Postback]], way: str
) -> None:
    transaction_id = uuid4().hex
    postback = ways[way](f"click_id=C1&transaction_id={transaction_id}&payout=1.50")

    answers = [service.send(replace(postback, method=method)) for method in ("POST", "GET")]

    assert [answer.status for answer in answers] == ["accepted", "duplicate"]
    assert service.fetch("SELECT method, payout::text FROM postbacks WHERE id = %s", answers[0].receipt) == [
        ("POST", "1.50")
    ]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}])
def test_the_media_type_of_an_empty_body_does_not_matter(service: Service, headers: dict[str, str]) -> None:
    postback = replace(ACME.get({"click_id": "C1", "transaction_id": uuid4().hex}), method="POST", headers=headers)

    assert service.send(postback).status == "accepted"


def test_a_signature_of_an_empty_body_does_not_cover_the_query(service: Service) -> None:
    signed = ACME.post(b"", "application/json")

    answer = service.send(replace(signed, target=f"{signed.target}?click_id=C1&payout=1000"))

    assert (answer.code, answer.reason) == (401, "missing_signature")


def test_a_changed_query_of_a_post_is_refused(service: Service) -> None:
    postback = ACME.get({"click_id": "C1", "payout": "1"})

    answer = service.send(replace(postback, method="POST", target=postback.target.replace("payout=1", "payout=9")))

    assert (answer.code, answer.reason) == (401, "bad_signature")


@pytest.mark.parametrize(("path", "query"), [("/tracking/postback/acme/", ""), ("/tracking/postback/", "source=acme&")])
def test_a_last_slash_is_the_same_source(service: Service, path: str, query: str) -> None:
    postback = ACME.get(f"{query}click_id=C1&transaction_id={uuid4().hex}")

    answer = service.send(replace(postback, target=f"{path}?{postback.target.partition('?')[2]}"))

    assert answer.status == "accepted"


@pytest.mark.parametrize("path", ["/schemas/postback-v1.json", "/click/spring"])
def test_a_public_route_is_the_same_with_a_last_slash_and_for_head(service: Service, path: str) -> None:
    get, slash, head = service.client.get(path), service.client.get(f"{path}/"), service.client.head(path)

    assert get.status_code == slash.status_code == head.status_code
    assert get.content == slash.content
    assert (head.content, head.headers["content-length"]) == (b"", get.headers["content-length"])


@pytest.mark.parametrize("path", ["/healthz", "/internal/metrics", "/internal/policy"])
def test_an_operators_route_is_the_same_with_a_last_slash_and_for_head(service: Service, path: str) -> None:
    answers = [service.operators.request(method, path + end) for method, end in (("GET", "/"), ("HEAD", ""))]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content
    assert answers[1].content == b""
