"""Restarts: a stop under load loses nothing, and workers that were replaced know the policy and go on counting."""

from collections import Counter
from functools import partial

import httpx

from tests.acceptance.test_acked_is_stored import (
    assert_each_event_was_booked_once,
    assert_each_receipt_is_on_the_ledger,
    assert_nobody_was_left_waiting,
    make_postback,
)
from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.outages import ACME
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.sender import Answer, Postback, Sender, send
from tests.parts.sources import add_source, change_source
from tests.parts.traffic import Books, Traffic
from tests.parts.waiting import wait_until

EDGE_WAITS_S = 5  # proxy_read_timeout


def test_a_graceful_stop_under_load_loses_nothing_and_leaves_no_request_unanswered(
    ledger: str, backend: Backend, edge: Edge
) -> None:
    traffic = Traffic(edge, make_postback)

    with traffic.flowing():
        wait_until(lambda: traffic.delivered > 300, what="traffic")
        backend.stop()
        backend.start(ready=False)
        goal = traffic.delivered + 300
        wait_until(lambda: traffic.delivered > goal, what="traffic after the restart")

    books = traffic.books()
    assert_nobody_was_left_waiting(books)
    assert books.outcomes["closed connection"] == 0
    wait_until(lambda: find_lost_answers(books, ledger, backend, edge) == set(), what="a reason for each lost answer")
    assert_each_receipt_is_on_the_ledger(books, ledger)
    assert_each_event_was_booked_once(books, ledger)


def find_lost_answers(books: Books, ledger: str, backend: Backend, edge: Edge) -> set[str]:
    """Receipts that were booked without a 2xx, unless one of both answered 503 for slowness.

    The backend does so itself, or the edge has waited for it as long as it may. A connection that is cut ends sooner.
    """
    accepted = fetch(ledger, "SELECT id::text FROM postbacks WHERE verdict = 'accepted' AND transaction_id LIKE '%-%'")
    told_503 = {line["receipt"] for line in backend.request_lines() if line["reason"] == "unavailable"}
    waited = {line["receipt"] for line in edge.access_log() if (line["upstream_duration_s"] or 0) >= EDGE_WAITS_S}
    return {receipt for (receipt,) in accepted} - books.receipts.keys() - told_503 - waited


def test_every_worker_picks_up_a_change_of_policy(
    ledger: str, master_key: str, backend: Backend, edge: Edge, client: httpx.Client
) -> None:
    add_source(ledger, master_key, "lenient", settings={"click": "optional"})
    backend.wait_for_source("lenient")
    edge.wait_for_source("lenient")
    assert send(client, Sender("lenient").get({"click_id": "unheard-of"})).code == 200

    change_source(ledger, "lenient", {"click": "required"})
    add_source(ledger, master_key, "novel", settings={"click": "optional"})

    backend.wait_for_source("novel")
    edge.wait_for_source("novel")
    assert {send(client, Sender("novel").get({"click_id": f"click-{n}"})).code for n in range(20)} == {200}
    assert {send(client, Sender("lenient").get({"click_id": "unheard-of"})).reason for _ in range(20)} == {
        "unknown_click"
    }


def test_counters_go_on_where_they_were_when_workers_are_killed(
    ledger: str, master_key: str, backend: Backend, edge: Edge, client: httpx.Client
) -> None:
    add_source(ledger, master_key, "counted", settings={"click": "optional"})
    backend.wait_for_source("counted")
    edge.wait_for_source("counted")
    answers: list[Answer] = []

    def send_until_ten_are_booked() -> None:
        goal = count_booked(answers) + 10
        while count_booked(answers) < goal:
            answers.append(send(client, Sender("counted").get({"click_id": "the-same"})))

    for _ in range(3):
        send_until_ten_are_booked()
        backend.wait_until_counted()
        told = Counter(answer.status for answer in answers)
        assert read_counters(edge) == told
        old = backend.worker_pids()
        backend.kill(old[0])
        wait_until(partial(is_replaced, backend, old), what="another worker")
        assert read_counters(edge) == told


def count_booked(answers: list[Answer]) -> int:
    """Count the postbacks on the ledger; on a slow machine one or the other is answered 503 and must be repeated."""
    return sum(answer.is_success for answer in answers)


def is_replaced(backend: Backend, old: list[int]) -> bool:
    """True when the killed worker has a successor that serves."""
    return set(backend.worker_pids()) != set(old) and backend.knows_source("counted")


def read_counters(edge: Edge) -> dict[str, float]:
    """`postledger_postbacks_total` of the source `counted` by verdict, where there are any, from the ops listener."""
    prefix = 'postledger_postbacks_total{source="counted",verdict="'
    lines = httpx.get(edge.ops_url + "/metrics/backend", timeout=ANSWER_WITHIN_S).text.splitlines()
    pairs = (line.removeprefix(prefix).split('"} ') for line in lines if line.startswith(prefix))
    return {verdict: float(value) for verdict, value in pairs if float(value)}


def test_the_edge_can_be_killed_and_started_again_with_the_backend_running(edge: Edge) -> None:
    assert send_anew(edge, ACME.get({"click_id": "before"})).code == 200

    edge.kill()
    edge.start()

    assert send_anew(edge, ACME.get({"click_id": "after"})).code == 200


def send_anew(edge: Edge, postback: Postback) -> Answer:
    """Send a postback over a connection of its own."""
    with httpx.Client(base_url=edge.https_url, verify=edge.tls_context(), timeout=ANSWER_WITHIN_S) as client:
        return send(client, postback)
