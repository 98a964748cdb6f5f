"""Both versions of the API side by side, each with its published schema."""

import pytest

from tests.http.conftest import Service
from tests.parts.sender import Sender


def test_a_conversion_of_version_1_is_repeated_in_version_2(service: Service, acme: Sender, unique: str) -> None:
    flat = acme.json({"click_id": "C1", "transaction_id": unique, "payout": "2.50"})
    nested = acme.json({"v": 2, "conversion": {"click_id": "C1", "transaction_id": unique}, "amount": {"value": 2.50}})
    later = acme.json({"v": 3, "click_id": "C1"})

    answers = [service.send(postback) for postback in (flat, nested, later)]

    assert [answer.status for answer in answers] == ["accepted", "duplicate", "refused"]
    assert (answers[2].code, answers[2].reason) == (400, "unsupported_version")


@pytest.mark.parametrize("name", ["postback-v1", "postback-v2", "conversion-event-1"])
def test_each_version_has_its_schema(service: Service, name: str) -> None:
    answer = service.client.get(f"/schemas/{name}.json")

    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json()["$id"] == f"/schemas/{name}.json"


def test_another_schema_or_method_is_refused(service: Service) -> None:
    assert service.client.get("/schemas/postback-v3.json").json()["reason"] == "not_found"
    assert service.client.post("/schemas/postback-v1.json").json()["reason"] == "method_not_allowed"
    assert service.client.options("/schemas/postback-v1.json").headers["allow"] == "GET, HEAD"
