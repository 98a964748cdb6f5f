"""Edge and backend together: a change of the policy is in force at once, and no path leads past either of them."""

import pytest

from tests.edge.not_public import NOT_PUBLIC
from tests.edge.wire import answer_to, exchange, get
from tests.parts.backend import Backend
from tests.parts.edge import Edge
from tests.parts.sources import UNLIMITED, add_source, change_source
from tests.parts.waiting import wait_until

IN_FORCE_WITHIN_S = 3
SETTINGS = {"click": "optional", "currency": "USD"}


@pytest.mark.parametrize("target", NOT_PUBLIC)
def test_no_path_leads_to_what_is_internal(edge: Edge, target: str) -> None:
    assert answer_to(edge, target) == (404, "not_found")


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
