"""A change of the policy is in force within three seconds, in every worker and at the edge."""

import time

import pytest

from tests.drills.promises import Promises
from tests.edge.wire import answer_to
from tests.parts.backend import Backend
from tests.parts.edge import Edge
from tests.parts.policy_changes import apply_source, last_other_s, sending_often, wait_for_eight
from tests.parts.sources import UNLIMITED, add_source, change_source
from tests.parts.waiting import wait_until

IN_FORCE_WITHIN_S = 3
SETTINGS = {"click": "optional", "currency": "USD", **UNLIMITED}


def test_a_new_source_is_known_to_every_worker_and_the_edge(
    ledger: str, master_key: str, backend: Backend, edge: Edge, promises: Promises
) -> None:
    add_source(ledger, master_key, "novel", settings=SETTINGS)

    workers_s = wait_until(lambda: backend.knows_source("novel"), what="the source in every worker")
    edge_s = workers_s + wait_until(lambda: edge.knows_source("novel"), what="the source at the edge")

    promises.keep("new source known to every worker", workers_s, IN_FORCE_WITHIN_S)
    promises.keep("new source known to the edge", edge_s, IN_FORCE_WITHIN_S)


def test_a_change_of_a_source_is_in_force_at_the_edge(
    ledger: str, master_key: str, backend: Backend, edge: Edge, promises: Promises
) -> None:
    target = "/tracking/postback/partner?click_id=1"
    add_source(ledger, master_key, "partner", settings=SETTINGS)
    backend.wait_for_source("partner")
    wait_until(lambda: answer_to(edge, target) == (401, "missing_signature"))

    change_source(ledger, "partner", {**SETTINGS, "allow": ["192.0.2.0/24"]})
    changed_s = wait_until(lambda: answer_to(edge, target) == (403, "ip_not_allowed"))

    promises.keep("change of a source in force at the edge", changed_s, IN_FORCE_WITHIN_S)


@pytest.mark.parametrize(("allow", "code"), [("192.0.2.0/24", 403), ("127.0.0.0/8", 200)])
def test_a_new_source_is_judged_by_its_allowlist(
    edge: Edge, ledger_environment: dict[str, str], promises: Promises, allow: str, code: int
) -> None:
    slug = f"new-{code}"
    with sending_often(edge, slug) as sent:
        apply_source(ledger_environment, slug, allow)
        applied_s = time.monotonic()
        wait_for_eight(sent, code)
        # Longer than the promise, so that a late old response is seen.
        wait_until(lambda: time.monotonic() - applied_s > 2 * IN_FORCE_WITHIN_S)

    late_s = max(0.0, last_other_s(sent, code) - applied_s)
    promises.keep("new source judged by its allowlist", late_s, IN_FORCE_WITHIN_S)
