"""Outages: without Postgres each postback is answered 503 and can be repeated; with it back, all works as before."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.frozen import frozen
from tests.parts.outages import ACME, OUTAGES, Outage, is_booked, live_through
from tests.parts.postgres import Postgres
from tests.parts.sender import Answer, send
from tests.parts.waiting import wait_until

CROWD = 24


@pytest.fixture(scope="module")
def keeps_time() -> bool:
    """What hangs is answered after the shipped timeouts."""
    return True


@pytest.mark.parametrize("outage", OUTAGES)
def test_each_postback_is_503_without_postgres_and_booked_after_it(
    mortal: Postgres, ledger: str, client: httpx.Client, outage: Outage
) -> None:
    seen = live_through(outage, mortal, ledger, client, pause_s=0.05)

    assert {(answer.code, answer.reason, answer.retry_after) for _, answer in seen.answers} == {
        (503, "unavailable", "1")
    }
    assert {response.status_code for _, response in seen.health} == {503}
    assert "postgres" in {response.json()["failing"] for _, response in seen.health}


def test_a_postback_that_was_answered_503_is_booked_once_when_repeated(
    mortal: Postgres, ledger: str, client: httpx.Client
) -> None:
    postback = ACME.get({"click_id": "again", "transaction_id": "T1"})
    with frozen(mortal):
        assert send(client, postback).code == 503

    wait_until(lambda: send(client, postback).is_success, what="a booked repeat")

    assert fetch(ledger, "SELECT count(*) FROM conversions WHERE transaction_id = 'T1'") == [(1,)]


def test_more_waiting_requests_than_the_limit_are_answered_503(
    mortal: Postgres, ledger_environment: dict[str, str]
) -> None:
    environment = {**ledger_environment, "POSTLEDGER_QUEUE_LIMIT": "5"}
    with Backend(environment, workers=1, shipped_limits=True) as backend, backend.client() as client:
        with frozen(mortal):
            answers = send_at_once(client, CROWD)
        wait_until(lambda: is_booked(client), what="normal service")

    assert {(answer.code, answer.reason) for answer in answers} == {(503, "unavailable")}


def send_at_once(client: httpx.Client, count: int) -> list[Answer]:
    """Send so many postbacks at the same moment."""
    with ThreadPoolExecutor(count) as senders:
        return list(senders.map(lambda number: send(client, ACME.get({"click_id": f"crowd-{number}"})), range(count)))
