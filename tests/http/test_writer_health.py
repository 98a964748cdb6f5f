"""What is seen from outside when the writer of a backend worker dies, or cannot commit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.http.breakable_writer import FAULT_FILE
from tests.parts.backend import Backend
from tests.parts.sender import Answer, Sender, send
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

ACME = Sender("acme")
FAILING = {"status": "unavailable", "failing": "writer"}


@pytest.fixture
def fault(tmp_path: Path) -> Path:
    return tmp_path / "fault"


@pytest.fixture
def backend(environment: dict[str, str], database: str, master_key: str, fault: Path) -> Iterator[Backend]:
    add_source(database, master_key, "acme", settings={"click": "optional", "currency": "USD"})
    broken = {**environment, FAULT_FILE: str(fault)}
    with Backend(broken, workers=1, app="tests.http.breakable_writer:create()") as backend:
        yield backend


def postback(backend: Backend, click_id: str) -> Answer:
    with backend.client() as client:
        return send(client, ACME.get({"click_id": click_id}))


def break_(fault: Path, name: str) -> None:
    whole = fault.with_suffix(".new")
    whole.write_text(name)
    whole.rename(fault)


def is_served_by_others(backend: Backend, old: list[int]) -> Callable[[], bool]:
    def claim() -> bool:
        try:
            return not set(backend.worker_pids()) & set(old) and postback(backend, "after").is_success
        except httpx.TransportError:
            return False

    return claim


@pytest.mark.parametrize("victim", ["writer", "clock"])
def test_a_worker_whose_writer_died_is_replaced(backend: Backend, fault: Path, victim: str) -> None:
    assert postback(backend, "before").is_success
    old = backend.worker_pids()
    master = backend.pid

    break_(fault, victim)

    wait_until(is_served_by_others(backend, old), what="another worker")
    assert backend.is_healthy()
    assert (backend.pid, len(backend.worker_pids())) == (master, 1)
    assert backend.log_text().count("the writer or its clock died, so this process ends") == 1


def test_a_metric_that_raises_costs_no_answer(backend: Backend, fault: Path) -> None:
    break_(fault, "metric")
    wait_until(lambda: not fault.exists(), what="the fault")

    answers = [postback(backend, f"click-{number}") for number in range(5)]

    assert {answer.code for answer in answers} == {200}
    assert backend.is_healthy()
    log = backend.log_text()
    assert log.count("bug: type=KeyError at=_fail:") == 1
    assert "345.67" not in log


def test_a_locked_table_shows_in_health_log_and_metrics(backend: Backend, database: str) -> None:
    failures = 'postledger_flush_failures_total{cause="lock"}'
    unrecorded = 'postledger_refusals_unrecorded_total{source="acme"}'
    assert f"{failures} 0.0" in backend.metrics_text(), "at zero from the start"
    assert "postledger_writers_failing 0.0" in backend.metrics_text()

    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE conversions")
        answers = [postback(backend, f"locked-{number}") for number in range(3)]
        with backend.operators() as operators:
            health = [operators.get("/healthz") for _ in range(3)]
        forged = backend.get("/tracking/postback/acme?click_id=A")
        backend.wait_until_counted()
        metrics = backend.metrics_text()

    assert {(answer.code, answer.reason) for answer in answers} == {(503, "unavailable")}
    assert {(answer.status_code, str(answer.json())) for answer in health} == {(503, str(FAILING))}
    assert (forged.status_code, forged.json()["reason"]) == (401, "missing_signature"), "whatever the ledger does"
    assert f"{unrecorded} 1.0" in metrics
    assert f"{failures} 0.0" not in metrics
    assert "postledger_writers_failing 1.0" in metrics
    wait_until(backend.is_healthy, what="health, without any traffic")
    wait_until(lambda: "commits succeed again" in backend.log_text(), what="the line about it")
    assert "postledger_writers_failing 0.0" in backend.metrics_text()
    assert backend.log_text().count("nothing can be committed: cause=lock sqlstate=55P03") == 1
    assert postback(backend, "locked-0").status == "accepted"
