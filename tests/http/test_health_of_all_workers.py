"""Each of two workers reports in its health check that the other one cannot commit."""

import os
import signal
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.parts.backend import Backend
from tests.parts.sender import Sender, send
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

ACME = Sender("acme")
FAILING = {"status": "unavailable", "failing": "writer"}


@pytest.fixture
def backend(environment: dict[str, str], database: str, master_key: str) -> Iterator[Backend]:
    add_source(database, master_key, "acme", settings={"click": "optional", "currency": "USD"})
    with Backend(environment, shipped_limits=True) as backend:
        backend.wait_for_source("acme")
        yield backend


def ask(backend: Backend, times: int) -> list[httpx.Response]:
    """Ask for the health over a connection each, so that either worker may take it."""
    answers = []
    for _ in range(times):
        with backend.operators() as operators:
            answers.append(operators.get("/healthz"))
    return answers


def test_every_worker_knows_that_one_of_them_cannot_commit(backend: Backend, database: str) -> None:
    with psycopg.connect(database) as other, backend.client() as client:
        other.execute("LOCK TABLE conversions")
        assert send(client, ACME.get({"click_id": "locked"})).code == 503
        assert "postledger_writers_failing 1.0" in backend.metrics_text(), "one of two"

        answers = ask(backend, 20)

    assert {(answer.status_code, str(answer.json())) for answer in answers} == {(503, str(FAILING))}
    wait_until(backend.is_healthy, 60, "health, without any traffic")
    assert {answer.status_code for answer in ask(backend, 20)} == {200}


def test_a_dead_worker_does_not_keep_the_health_red(backend: Backend, database: str) -> None:
    with psycopg.connect(database) as other, backend.client() as client:
        other.execute("LOCK TABLE conversions")
        assert send(client, ACME.get({"click_id": "locked"})).code == 503
        assert not backend.is_healthy()
        old = backend.worker_pids()

        for pid in old:
            os.kill(pid, signal.SIGKILL)

        wait_until(lambda: len(backend.worker_pids()) == 2 and not set(backend.worker_pids()) & set(old), 60, "others")
        wait_until(backend.is_healthy, 60, "health, while the table is still locked and nothing is written")
