"""The backend on paths of other trackers: booked for the source that the edge has named, and for nobody else."""

from uuid import uuid4

import httpx
import msgspec
import pytest

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from tests.http.conftest import Service
from tests.parts.sources import add_source

KEY = "3f9c0de"


@pytest.fixture(scope="module")
def moved(service: Service, master_key: str) -> Service:
    """A source that was a Keitaro."""
    document = {"slug": "moved", "dialect": "keitaro", "secrets": [KEY], "click": "optional"}
    settings = read_configuration({"sources": [document]}, {}, read_known()).sources["moved"].settings
    add_source(service.database, master_key, "moved", [KEY], msgspec.to_builtins(settings))
    service.backend.wait_for_source("moved")
    return service


def ask(moved: Service, target: str, slug: str | None = "moved", method: str = "GET") -> httpx.Response:
    return moved.client.request(method, target, headers={"X-Edge-Source": slug} if slug else {})


@pytest.mark.parametrize("path", [f"/{KEY}/postback", f"/{KEY}/postback/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_address_of_the_old_tracker_books_and_its_key_is_nowhere(moved: Service, method: str, path: str) -> None:
    transaction_id = uuid4().hex

    answer = ask(moved, f"{path}?subid=C1&status=sale&payout=2&tid={transaction_id}", method=method)

    assert answer.json()["status"] == "accepted"
    ((raw, secret_id),) = moved.fetch("SELECT raw, secret_id FROM postbacks WHERE id = %s", answer.json()["id"])
    assert KEY.encode() not in raw
    assert secret_id is not None
    booked = moved.fetch("SELECT click_id, payout::text FROM conversions WHERE transaction_id = %s", transaction_id)
    assert booked == [("C1", "2")]


def test_another_key_is_refused_and_not_stored(moved: Service) -> None:
    answer = ask(moved, "/3f9c0df/postback?subid=C1")

    assert (answer.status_code, answer.json()["reason"]) == (401, "bad_signature")
    ((row,),) = moved.fetch("SELECT postbacks::text FROM postbacks WHERE id = %s", answer.json()["id"])
    assert "3f9c0df" not in row


def test_a_path_that_the_edge_has_named_nobody_for_is_not_found(moved: Service) -> None:
    assert [ask(moved, path, None).json()["reason"] for path in (f"/{KEY}/postback", "/")] == ["not_found"] * 2


def test_a_source_that_went_meanwhile_is_unknown(moved: Service) -> None:
    assert ask(moved, f"/{KEY}/postback?subid=C1", "gone").json()["reason"] == "unknown_source"


def test_other_methods_are_refused_and_recorded(moved: Service) -> None:
    answer = ask(moved, f"/{KEY}/postback?subid=C1", method="DELETE")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert moved.audit_row(answer.json()["id"]) == ("refused", "method_not_allowed", None)


def test_such_requests_are_timed_under_a_route_of_their_own(moved: Service) -> None:
    sample = 'postledger_request_duration_seconds_count{route="dialect",status="401"}'
    (before,) = moved.counted(sample)

    ask(moved, "/3f9c0df/postback?subid=C1")

    assert moved.counted(sample) == [before + 1]


def test_a_source_whose_settings_cannot_be_read_is_told_to_come_again_on_its_own_paths_too(
    service: Service, master_key: str
) -> None:
    shaky = {"auth": "token", "paths": ["/{key}/shaky"], "rate": "fast"}
    add_source(service.database, master_key, "shaky-moved", ["4a8d1ef"], shaky)
    add_source(service.database, master_key, "behind-it")
    service.backend.wait_for_source("behind-it")  # no worker shows the series of one that it cannot read

    answer = ask(service, "/4a8d1ef/shaky?subid=C1", "shaky-moved")

    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (503, "unavailable", "1")


def test_the_snapshot_tells_the_edge_of_paths_and_never_of_keys(moved: Service) -> None:
    answer = moved.operators.get("/internal/policy")

    (source,) = [one for one in answer.json()["sources"] if one["slug"] == "moved"]
    assert (source["paths"], source["hosts"], len(source["keys"])) == (["/{key}/postback"], [], 1)
    assert KEY not in answer.text
