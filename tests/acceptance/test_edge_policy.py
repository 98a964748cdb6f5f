"""Edge and backend together: a change of the policy is in force at once, and no path leads past either of them."""

import httpx
import pytest

from tests.edge.not_public import NOT_PUBLIC
from tests.edge.wire import answer_to, exchange, get
from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.policy_changes import apply_source, sending_often, wait_for_eight
from tests.parts.sender import Sender, send
from tests.parts.sources import UNLIMITED, add_source, change_source
from tests.parts.waiting import wait_until

SETTINGS = {"click": "optional", "currency": "USD"}
BOOKED = "SELECT 1 FROM conversions WHERE source_id = (SELECT id FROM sources WHERE slug = %s)"


@pytest.mark.parametrize("target", NOT_PUBLIC)
def test_no_path_leads_to_what_is_internal(edge: Edge, target: str) -> None:
    assert answer_to(edge, target) == (404, "not_found")


def test_a_change_of_a_source_is_in_force_at_the_edge(
    edge: Edge, ledger: str, master_key: str, backend: Backend
) -> None:
    target = "/tracking/postback/partner?click_id=1"
    add_source(ledger, master_key, "partner", settings={**SETTINGS, **UNLIMITED})
    backend.wait_for_source("partner")
    edge.wait_for_source("partner")
    assert answer_to(edge, target) == (401, "missing_signature")

    change_source(ledger, "partner", {**SETTINGS, **UNLIMITED, "allow": ["192.0.2.0/24"]})

    wait_until(lambda: answer_to(edge, target) == (403, "ip_not_allowed"))


@pytest.mark.parametrize("slug", ["closed-1", "closed-2", "closed-3"])
def test_a_new_source_never_accepts_an_address_outside_its_allowlist(
    edge: Edge, ledger_environment: dict[str, str], slug: str
) -> None:
    with sending_often(edge, slug) as sent:
        apply_source(ledger_environment, slug, "192.0.2.0/24")
        wait_for_eight(sent, 403)

    # 404 before the source exists, 503 while edge and backend have different policies, then 403.
    assert {answer.code for _, answer in sent} <= {404, 503, 403}
    assert fetch(ledger_environment["DATABASE_URL"], BOOKED, (slug,)) == []


def test_a_new_source_accepts_an_address_of_its_allowlist(edge: Edge, ledger_environment: dict[str, str]) -> None:
    with sending_often(edge, "welcome") as sent:
        apply_source(ledger_environment, "welcome", "127.0.0.0/8")
        wait_for_eight(sent, 200)

    told_to_wait = [answer for _, answer in sent if answer.code == 503]
    assert {answer.code for _, answer in sent} <= {404, 503, 200}
    assert {(answer.reason, answer.retry_after) for answer in told_to_wait} <= {("unavailable", "1")}


def test_a_copy_from_the_disk_lets_nobody_in_whom_a_newer_policy_keeps_out(
    ledger: str, master_key: str, ledger_environment: dict[str, str]
) -> None:
    """The edge was away while the source was closed, and is asked before it has heard of that."""
    target = "/tracking/postback/closing?click_id=1"
    add_source(ledger, master_key, "closing", settings={**SETTINGS, **UNLIMITED})
    with Backend(ledger_environment) as backend, Edge(backend_socket=backend.socket) as edge:
        assert answer_to(edge, target) == (401, "missing_signature")
        edge.stop()
        change_source(ledger, "closing", {**SETTINGS, **UNLIMITED, "allow": ["192.0.2.0/24"]})
        backend.stop()
        edge.start()
        answers = [answer_to(edge, target)]

        def is_closed() -> bool:
            answers.append(answer_to(edge, target))
            return answers[-1][0] == 403

        backend.start(ready=False)
        wait_until(is_closed)

    assert set(answers) == {(503, "unavailable"), (403, "ip_not_allowed")}


def test_a_copy_from_the_disk_serves_where_nothing_has_changed(
    edge: Edge, ledger: str, master_key: str, backend: Backend, client: httpx.Client
) -> None:
    add_source(ledger, master_key, "lasting", settings={**SETTINGS, **UNLIMITED})
    backend.wait_for_source("lasting")
    edge.wait_for_source("lasting")
    edge.stop()

    edge.start()

    assert send(client, Sender("lasting").get({"click_id": "after-a-restart"})).is_success


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
