"""The byte budget of refusals without a matching secret, as two workers of one backend keep it."""

from collections.abc import Iterator

import pytest

from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.sender import Sender, send
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

ACME = Sender("acme")
OF_A_DAY = 160_000
OF_A_SOURCE = OF_A_DAY // 8
BODY = b'{"click_id":"A","note":"' + b"x" * 60_000 + b'"}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
OVER_BUDGET = 'postledger_refusals_over_budget_total{source="acme"}'
UNRECORDED = 'postledger_refusals_unrecorded_total{source="acme"}'


@pytest.fixture
def backend(environment: dict[str, str], database: str, master_key: str) -> Iterator[Backend]:
    add_source(database, master_key, "acme", settings={"click": "optional", "currency": "USD"})
    with Backend({**environment, "POSTLEDGER_UNAUTHENTICATED_BYTES_PER_DAY": str(OF_A_DAY)}) as backend:
        backend.wait_for_source("acme")
        yield backend


def read(backend: Backend, sample: str) -> float:
    backend.wait_until_counted()
    (line,) = [line for line in backend.metrics_text().splitlines() if line.startswith(f"{sample} ")]
    return float(line.rpartition(" ")[2])


def test_a_flood_of_large_forgeries_fills_its_budget_and_no_more(backend: Backend, database: str) -> None:
    sent = 0
    assert read(backend, OVER_BUDGET) == 0, "at zero from the start"

    def flood() -> bool:
        nonlocal sent
        for _ in range(10):
            answer = backend.post("/tracking/postback/acme", BODY, HEADERS)  # a connection each, to either worker
            assert (answer.status_code, answer.json()["reason"]) == (401, "bad_signature")
            sent += 1
        return read(backend, OVER_BUDGET) > 20

    wait_until(flood, what="a spent budget")

    ((rows, raw_bytes, lengths),) = fetch(
        database, "SELECT count(*), sum(length(raw)), array_agg(DISTINCT raw_length) FROM postbacks"
    )
    assert rows + read(backend, UNRECORDED) == sent
    assert 0 < rows * 448 + raw_bytes <= OF_A_SOURCE
    assert lengths == [len(BODY)]
    with backend.client() as client:
        assert send(client, ACME.get({"click_id": "honest"})).code == 200
    assert f"postledger_unauthenticated_bytes_limit {OF_A_DAY}.0" in backend.metrics_text()
