"""A source that waits for a word of its own gets it after the commit, as plain text; its refusals as it knows them."""

from uuid import uuid4

import httpx
import msgspec
import pytest

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from tests.http.conftest import Service
from tests.parts.sources import add_source

ACK = {"ok": "{transaction_id}:OK", "refused": {"status": 403, "body": "no"}, "unknown_click": {"status": 200}}


@pytest.fixture(scope="module")
def walls(service: Service, master_key: str) -> Service:
    """A source with acks of its own."""
    document = {"slug": "wordy", "auth": "none", "ack": ACK}
    sources = read_configuration({"sources": [document]}, {}, read_known()).sources
    add_source(service.database, master_key, "wordy", [], msgspec.to_builtins(sources["wordy"].settings))
    service.backend.wait_for_source("wordy")
    return service


def ask(walls: Service, query: str, method: str = "GET") -> httpx.Response:
    return walls.client.request(method, f"/tracking/postback/wordy?{query}")


def verdict_of(walls: Service, receipt: str) -> tuple[str, str | None]:
    ((verdict, reason),) = walls.fetch("SELECT verdict, reason FROM postbacks WHERE id = %s", receipt)
    return verdict, reason


def test_the_ack_is_plain_text_and_the_conversion_is_there(walls: Service) -> None:
    transaction_id = uuid4().hex

    answers = [ask(walls, f"click_id=known-click&transaction_id={transaction_id}&payout=1") for _ in range(2)]

    assert [answer.text for answer in answers] == [f"{transaction_id}:OK"] * 2
    assert {answer.headers["content-type"] for answer in answers} == {"text/plain; charset=utf-8"}
    assert [answer.headers["x-postledger-verdict"] for answer in answers] == ["accepted", "duplicate"]
    booked = walls.fetch("SELECT payout::text FROM conversions WHERE transaction_id = %s", transaction_id)
    assert booked == [("1",)]


def test_an_id_of_odd_characters_comes_back_as_it_was_validated(walls: Service) -> None:
    odd = f"<1>{uuid4().hex}</1>é"

    answer = ask(walls, str(httpx.QueryParams({"click_id": "known-click", "transaction_id": odd})))

    assert (answer.text, answer.headers["content-type"]) == (f"{odd}:OK", "text/plain; charset=utf-8")


def test_a_refusal_is_worded_too_and_stays_a_refusal_in_the_audit(walls: Service) -> None:
    receipt = "01980000-0000-7000-8000-" + uuid4().hex[:12]

    answer = walls.client.get(
        "/tracking/postback/wordy?click_id=known-click&payout=x", headers={"X-Request-Id": receipt}
    )

    assert (answer.status_code, answer.text) == (403, "no")
    assert answer.headers["x-postledger-reason"] == "invalid_parameter"
    assert verdict_of(walls, receipt) == ("refused", "invalid_parameter")


def test_what_one_reason_leaves_open_is_as_for_all_refusals(walls: Service) -> None:
    answer = ask(walls, f"click_id={uuid4().hex}")

    assert (answer.status_code, answer.text) == (200, "no")


def test_an_event_without_the_id_is_answered_in_json(walls: Service) -> None:
    answer = ask(walls, "click_id=known-click&event=ack")

    assert answer.json()["status"] in ("accepted", "duplicate")
    assert answer.headers["content-type"] == "application/json"


def test_other_methods_are_refused_in_its_words(walls: Service) -> None:
    answer = ask(walls, "click_id=known-click", "DELETE")

    assert (answer.status_code, answer.text, answer.headers["allow"]) == (403, "no", "GET, POST")
