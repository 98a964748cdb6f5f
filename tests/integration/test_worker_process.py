"""What a worker process serves, needs and survives, from outside."""

from collections import Counter

import pytest

from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from postledger.platform.settings import BadSetting, read_worker_settings
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.postgres import Postgres
from tests.parts.stack import ledger, ledger_environment, mortal
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker

__all__ = ["ledger", "ledger_environment", "mortal"]

MOST_MIB = 150


def book(url: str, *transaction_ids: str) -> None:
    with connect(url, name="test", statement_timeout_ms=60_000) as connection:
        write_entries(connection, [entry_of(transaction_id=one) for one in transaction_ids])


def is_handed_over(url: str) -> bool:
    return fetch(url, "SELECT count(*) FROM outbox") == [(0,)]


def test_a_worker_serves_health_and_metrics_from_its_own_memory(environment: dict[str, str], database: str) -> None:
    with Worker(environment) as worker:
        book(database, "T1", "T2")
        counted = 'postledger_jobs_total{result="done",task="map"} 2.0'
        wait_until(lambda: counted in worker.get("/metrics").text, what="the count of changes")

        assert worker.get("/healthz").json() == {"status": "ok"}
        assert worker.get("/").status_code == 404
        assert worker.ask("POST", "/metrics").status_code == 405
        assert worker.ask("HEAD", "/healthz").status_code == 200
        elsewhere = worker.ask("GET", "/metrics", Host="page.example")
        assert (elsewhere.status_code, elsewhere.json()) == (421, {"status": "misdirected"})
        assert worker.memory_mib() < MOST_MIB
        assert not worker.metrics_folder.exists()


def test_a_worker_whose_port_is_taken_works_without_metrics(environment: dict[str, str], database: str) -> None:
    with Worker(environment, "--only", "forward") as first:
        taken = {**environment, "POSTLEDGER_WORKER_PORT": str(first.port)}
        with Worker(taken, "--only", "map") as second:
            warned = "serves no metrics, the port cannot be used"
            wait_until(lambda: bool(second.log_lines(warned)), what="the warning")
            book(database, "T1")
            wait_until(lambda: is_handed_over(database), what="the hand-over")


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_stops_the_start(environment: dict[str, str], port: str) -> None:
    with pytest.raises(BadSetting, match="POSTLEDGER_WORKER_PORT must be a"):
        read_worker_settings({**environment, "POSTLEDGER_WORKER_PORT": port})


def test_a_worker_needs_no_more_than_the_ledger_and_the_key(environment: dict[str, str]) -> None:
    settings = read_worker_settings(environment)

    assert settings.port is None
    with pytest.raises(BadSetting, match="POSTLEDGER_MASTER_KEY"):
        read_worker_settings({"DATABASE_URL": environment["DATABASE_URL"]})


def test_a_worker_goes_on_by_itself_after_an_outage_of_postgres(
    mortal: Postgres, ledger: str, ledger_environment: dict[str, str]
) -> None:
    with Worker(ledger_environment) as worker:
        mortal.kill()
        wait_until(lambda: worker.get("/healthz").status_code == 503, what="a failing worker")
        failing = worker.get("/healthz").json()
        mortal.start()
        book(ledger, "T1")
        wait_until(lambda: is_handed_over(ledger), what="the hand-over")
        wait_until(worker.is_healthy, what="a healthy worker")
        failures = worker.log_lines("failed, and is repeated")

    assert failing["status"] == "unavailable"
    assert failing["failing"] in {"schedule", "tasks", "map", "forward"}
    causes = Counter((line["loop"], line["cause"], line["sqlstate"], line["advice"]) for line in failures)
    assert causes
    assert set(causes.values()) == {1}
    assert {"map", "forward"} <= {loop for loop, *_ in causes}
