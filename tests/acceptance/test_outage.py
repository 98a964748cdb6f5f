"""Outages: without Postgres every sender is told, soon and each time, to come again; with it back, all is as before."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import httpx
import pytest

from tests.acceptance.test_acked_is_stored import (
    assert_each_event_was_booked_once,
    assert_each_receipt_is_on_the_ledger,
    assert_nobody_was_left_waiting,
    make_postback,
)
from tests.parts.backend import Backend
from tests.parts.databases import close_database, fetch, open_database
from tests.parts.edge import Edge
from tests.parts.frozen import frozen
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.postgres import Postgres
from tests.parts.sender import Answer, Postback, Sender, send
from tests.parts.sources import add_source, change_source
from tests.parts.stopwatch import Stopwatch
from tests.parts.traffic import Traffic
from tests.parts.waiting import wait_until

ACME = Sender("acme")
CROWD = 24
AWAY_S = 3.0  # long enough for connections to time out and for every background task to have failed at least once


@contextmanager
def stopped(postgres: Postgres, _: str) -> Iterator[None]:
    """Shut down properly: the port refuses."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def killed(postgres: Postgres, _: str) -> Iterator[None]:
    """Gone without a word."""
    postgres.kill()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def hanging(postgres: Postgres, _: str) -> Iterator[None]:
    """It takes connections and never answers."""
    with frozen(postgres):
        yield


@contextmanager
def refusing(postgres: Postgres, ledger: str) -> Iterator[None]:
    """It runs, and takes no connections to this database, as while it is being restored."""
    close_database(postgres, ledger)
    try:
        yield
    finally:
        open_database(postgres, ledger)


Outage = Callable[[Postgres, str], AbstractContextManager[None]]


@pytest.mark.parametrize("outage", [stopped, killed, hanging, refusing])
def test_while_postgres_is_away_each_answer_is_503_within_two_seconds_and_then_all_is_well(
    mortal: Postgres, ledger: str, client: httpx.Client, stopwatch: Stopwatch, outage: Outage
) -> None:
    assert send(client, ACME.get({"click_id": "before"})).code == 200

    with outage(mortal, ledger):
        health = [timed_health(client, stopwatch) for _ in range(4)]
        answers = ask_for(AWAY_S, client, stopwatch)
        health += [timed_health(client, stopwatch) for _ in range(2)]

    back_s = wait_until(lambda: is_booked(client), 3, "normal service")
    wait_until(lambda: client.get("/healthz").status_code == 200, 3 - back_s, "good health")
    assert {(answer.code, answer.reason, answer.retry_after) for _, answer in answers} == {(503, "unavailable", "1")}
    assert max(seconds for seconds, _ in answers) < 2
    assert [(answer.status_code, answer.json()["failing"]) for _, answer in health] == [(503, "postgres")] * 6
    assert max(seconds for seconds, _ in health) < 2


def timed_health(client: httpx.Client, stopwatch: Stopwatch) -> tuple[float, httpx.Response]:
    """Ask how it is, and tell how long the answer took."""
    started_s = stopwatch.now_s()
    answer = client.get("/healthz")
    return stopwatch.now_s() - started_s, answer


def ask_for(seconds: float, client: httpx.Client, stopwatch: Stopwatch) -> list[tuple[float, Answer]]:
    """Send postbacks, eight at a time, and tell how long each took."""
    until_s = time.monotonic() + seconds

    def ask(number: int) -> list[tuple[float, Answer]]:
        answers: list[tuple[float, Answer]] = []
        while time.monotonic() < until_s:
            answers.append(timed_send(client, f"away-{number}-{len(answers)}", stopwatch))
        return answers

    with ThreadPoolExecutor(8) as senders:
        return [answer for answers in senders.map(ask, range(8)) for answer in answers]


def timed_send(client: httpx.Client, click_id: str, stopwatch: Stopwatch) -> tuple[float, Answer]:
    """Send a postback and tell how long its answer took."""
    started_s = stopwatch.now_s()
    answer = send(client, ACME.get({"click_id": click_id}))
    return stopwatch.now_s() - started_s, answer


def is_booked(client: httpx.Client) -> bool:
    """True when a postback comes to the ledger again."""
    return send(client, ACME.get({"click_id": "after"})).is_success


def test_what_was_told_503_can_be_sent_again_and_is_booked_once(
    mortal: Postgres, ledger: str, client: httpx.Client
) -> None:
    postback = ACME.get({"click_id": "again", "transaction_id": "T1"})
    with frozen(mortal):
        assert send(client, postback).code == 503

    wait_until(lambda: send(client, postback).is_success, 3, "a booked repeat")

    assert fetch(ledger, "SELECT count(*) FROM conversions WHERE transaction_id = 'T1'") == [(1,)]


def test_more_waiting_requests_than_the_limit_are_told_503_at_once(
    mortal: Postgres, ledger_environment: dict[str, str], stopwatch: Stopwatch
) -> None:
    environment = {**ledger_environment, "POSTLEDGER_QUEUE_LIMIT": "5"}
    with Backend(environment, workers=1) as backend, backend.client() as client:
        with frozen(mortal):
            answers = ask_at_once(client, CROWD, stopwatch)
        # As the backend tells it: so many senders in one process hold each other up.
        took_s = [backend.request_line(answer.receipt)["duration_s"] for _, answer in answers]

    assert {(answer.code, answer.reason) for _, answer in answers} == {(503, "unavailable")}
    # One batch may be with the writer already, and then five more may wait; everybody else is sent away.
    assert len([seconds for seconds in took_s if seconds < 0.75]) >= CROWD - 2 * 5
    assert max(seconds for seconds, _ in answers) < 2


def ask_at_once(client: httpx.Client, count: int, stopwatch: Stopwatch) -> list[tuple[float, Answer]]:
    """Send so many postbacks at the same moment, and tell how long each took."""
    with ThreadPoolExecutor(count) as senders:
        return list(senders.map(lambda number: timed_send(client, f"crowd-{number}", stopwatch), range(count)))


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
    assert books.outcomes["200 duplicate"] == 0, "an answer was lost on its way, and its sender had to ask again"
    assert_each_receipt_is_on_the_ledger(books, ledger)
    assert_each_event_was_booked_once(books, ledger)


def test_an_idle_connection_of_the_edge_does_not_hold_up_a_stop(
    backend: Backend, client: httpx.Client, stopwatch: Stopwatch
) -> None:
    assert send(client, ACME.get({"click_id": "leaves-an-idle-connection"})).is_success

    started_s = stopwatch.now_s()
    backend.stop()
    stopped_s = stopwatch.now_s()
    backend.start()

    assert stopped_s - started_s < 5
    assert send(client, ACME.get({"click_id": "after-the-restart"})).is_success


def test_a_change_of_policy_is_picked_up_within_three_seconds_by_every_worker(
    ledger: str, master_key: str, backend: Backend, edge: Edge, client: httpx.Client
) -> None:
    add_source(ledger, master_key, "lenient", settings={"click": "optional"})
    backend.wait_for_source("lenient")
    edge.wait_for_source("lenient")
    assert send(client, Sender("lenient").get({"click_id": "unheard-of"})).code == 200

    change_source(ledger, "lenient", {"click": "required"})
    add_source(ledger, master_key, "novel", settings={"click": "optional"})

    wait_until(lambda: backend.knows_source("novel"), 3, "the new source in every worker")
    wait_until(lambda: edge.knows_source("novel"), 3, "the new source at the edge")
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
    """How many have come to the ledger; on a slow machine one or the other is told to come again."""
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
