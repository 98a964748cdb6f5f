"""The request log: a line for each answered request, its receipt, and never a word of the sender's."""

import os
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.http.conftest import Service
from tests.parts.backend import Backend
from tests.parts.databases import create_database, drop_database
from tests.parts.entries import new_receipt
from tests.parts.postgres import Postgres
from tests.parts.sender import Answer, Sender, send
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

FIELDS = ["time", "receipt", "route", "source", "method", "status", "verdict", "reason", "duration_s", "event"]


@pytest.fixture(scope="module")
def variables(postgres: Postgres, template: str, master_key: str) -> Iterator[dict[str, str]]:
    """Those of a backend on a ledger with the source `acme`."""
    url = create_database(postgres, template=template)
    add_source(url, master_key, "acme", settings={"click": "optional"})
    yield {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    drop_database(postgres, url)


@pytest.fixture(scope="module")
def own(variables: dict[str, str]) -> Iterator[Backend]:
    """A backend whose log a test may spoil, and then mends."""
    with Backend(variables, workers=1) as backend:
        yield backend


def ask(backend: Backend, **parameters: str) -> Answer:
    """A signed postback past the edge."""
    with backend.client() as client:
        return send(client, Sender("acme").get({"click_id": "c", **parameters}))


def test_a_postback_is_logged_once_under_its_receipt(service: Service, acme: Sender, unique: str) -> None:
    sent_s = time.monotonic()
    answer = service.send(acme.get({"click_id": unique, "transaction_id": unique, "payout": "1.50"}))
    took_s = time.monotonic() - sent_s

    line = service.backend.request_line(answer.receipt)
    assert list(line) == FIELDS
    assert 0 < line.pop("duration_s") < took_s
    assert line.pop("time").endswith("Z")
    assert line == {
        "receipt": answer.receipt,
        "route": "postback",
        "source": "acme",
        "method": "GET",
        "status": 200,
        "verdict": "accepted",
        "reason": "",
        "event": "answered",
    }


def test_a_refusal_is_logged_with_its_reason(service: Service, unique: str) -> None:
    answer = service.send(Sender("acme", "wrong").get({"click_id": unique}))

    line = service.backend.request_line(answer.receipt)
    assert (line["status"], line["verdict"], line["reason"]) == (401, "refused", "bad_signature")


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("GET", "/tracking/postback/CANARY?click_id=CANARY&payout=CANARY", "postback"),
        ("GET", "/tracking/postback?source=CANARY&sig=CANARY", "postback"),
        ("GET", "/tracking/postback/acme?click_id=CANARY&CANARY=1", "postback"),
        ("CANARY", "/tracking/postback/acme", "postback"),
        ("GET", "/click/CANARY?sub1=CANARY", "click"),
        ("GET", "/CANARY", "other"),
    ],
)
def test_no_text_of_a_sender_is_logged(service: Service, method: str, target: str, route: str) -> None:
    receipt = new_receipt()
    headers = {"User-Agent": "CANARY", "Referer": "CANARY", "X-Request-Id": receipt}
    service.client.request(method, target, headers=headers)

    line = service.backend.request_line(receipt)
    assert line["route"] in (route, "other")
    assert "CANARY" not in service.backend.request_log.read_text()


def test_operators_requests_are_not_logged(own: Backend) -> None:
    with own.operators() as operators:
        for path in ("/healthz", "/internal/metrics", "/internal/policy"):
            assert operators.get(path).status_code in (200, 503), "503 while Postgres is slow"
    last = ask(own)

    own.request_line(last.receipt)
    assert {line["route"] for line in own.request_lines()} == {"postback"}


def test_a_renamed_log_is_replaced_by_a_new_file(own: Backend) -> None:
    first = ask(own)
    own.request_line(first.receipt)

    renamed = own.request_log.rename(own.request_log.with_suffix(".1"))
    second = ask(own)

    assert own.request_line(second.receipt)["status"] == 200
    assert str(first.receipt) in renamed.read_text()


def test_only_owner_and_group_can_read_the_log(own: Backend) -> None:
    """The backend's umask of 0 is meant for the sockets; the log must not be open to all users."""
    own.request_line(ask(own).receipt)

    assert os.stat(own.request_log).st_mode & 0o777 == 0o640


def test_a_log_that_cannot_be_written_fails_no_request(own: Backend) -> None:
    own.request_line(ask(own).receipt)
    own.request_log.unlink()
    own.request_log.mkdir()

    answers = [ask(own) for _ in range(3)]

    assert {answer.code for answer in answers} == {200}
    wait_until(lambda: "the request log cannot be written" in own.log_text())
    shutil.rmtree(own.request_log)
    assert own.request_line(ask(own).receipt)["status"] == 200


def test_the_last_requests_are_logged_before_a_worker_ends(variables: dict[str, str]) -> None:
    with Backend(variables, workers=1) as backend:
        answer = ask(backend)

        backend.stop()

        assert str(answer.receipt) in backend.request_log.read_text()


def test_the_log_can_be_switched_off(variables: dict[str, str]) -> None:
    with Backend({**variables, "POSTLEDGER_REQUEST_LOG": "off"}, workers=1) as backend:
        assert ask(backend).code == 200
        backend.stop()

        assert not backend.request_log.exists()
