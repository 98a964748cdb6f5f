"""Edge and backend together: a change of the policy is in force at once, and no path leads past either of them."""

import json

import pytest

from tests.edge.wire import body, exchange, get, status
from tests.parts.backend import Backend
from tests.parts.edge import Edge
from tests.parts.sources import UNLIMITED, add_source, change_source
from tests.parts.waiting import wait_until

IN_FORCE_WITHIN_S = 3
SETTINGS = {"click": "optional", "currency": "USD"}


def answer_to(edge: Edge, target: str) -> tuple[int, str | None]:
    answer = exchange(edge, get(target))
    return status(answer), json.loads(body(answer)).get("reason")


@pytest.mark.parametrize(
    "target",
    [
        "/internal/policy",
        "/internal/metrics/../../tracking/postback/acme",
        "/internal/policy/../../tracking/postback/acme",
        "/internal/policy/%2e%2e/%2e%2e/tracking/postback/acme",
        "/internal/policy/..%2f..%2ftracking/postback/acme",
        "/internal/policy/../../healthz",
        "/internal/policy/../../click/spring",
        "/internal/policy%3f/../../tracking/postback/acme",
        "/tracking/postback/../../internal/policy",
        "/tracking/postback/%2e%2e/%2e%2e/internal/policy",
        "//internal/policy",
        "/internal//policy",
        "/%69nternal/policy",
        "http://localhost/internal/policy",
        "http://localhost/internal/policy/../../tracking/postback/acme",
    ],
)
def test_no_path_leads_to_what_is_internal(edge: Edge, target: str) -> None:
    answer = exchange(edge, get(target))

    assert status(answer) == 404
    assert b'"reason":"not_found"' in answer
    assert b"version" not in body(answer)


def test_a_change_of_a_source_is_in_force_at_the_edge_within_three_seconds(
    edge: Edge, ledger: str, master_key: str, backend: Backend
) -> None:
    target = "/tracking/postback/partner?click_id=1"
    add_source(ledger, master_key, "partner", settings={**SETTINGS, **UNLIMITED})
    backend.wait_for_source("partner")
    assert answer_to(edge, target) == (401, "missing_signature")

    change_source(ledger, "partner", {**SETTINGS, **UNLIMITED, "allow": ["192.0.2.0/24"]})

    wait_until(lambda: answer_to(edge, target) == (403, "ip_not_allowed"), IN_FORCE_WITHIN_S)


def test_the_edge_logs_what_the_backend_decided(edge: Edge) -> None:
    exchange(edge, get("/tracking/postback/acme?click_id=logged&payout=1"))

    wait_until(
        lambda: (
            [
                (line["verdict"], line["reason"])
                for line in edge.access_log()
                if line["params"] == ["click_id", "payout"]
            ]
            == [("refused", "missing_signature")]
        )
    )
