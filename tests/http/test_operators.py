"""What operators' programs ask the backend: health, metrics, and paths that lead nowhere."""

import pytest

from postledger.domain.refusal import Reason
from tests.http.conftest import Service


def test_a_healthy_backend_says_so(service: Service) -> None:
    answer = service.client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("source", ["acme", "strict", "unknown"])
def test_every_reason_is_there_from_the_start(service: Service, source: str) -> None:
    metrics = service.backend.metrics_text()

    assert all(f'postledger_refusals_total{{reason="{reason}",source="{source}"}}' in metrics for reason in Reason)


def test_the_metrics_of_the_contract_are_there(service: Service) -> None:
    service.client.get("/healthz")

    metrics = service.backend.metrics_text()

    for name in (
        "postledger_postbacks_total",
        "postledger_request_duration_seconds_bucket",
        "postledger_clicks_total",
        "postledger_conversions_total",
        "postledger_flush_rows_bucket",
        "postledger_flush_duration_seconds_bucket",
    ):
        assert f"\n{name}{{" in metrics


def test_requests_are_timed_by_route_and_status(service: Service) -> None:
    sample = 'postledger_request_duration_seconds_count{route="click",status="404"}'
    before = service.metric(sample)

    service.client.get("/click/nowhere")

    assert service.metric(sample) == before + 1


@pytest.mark.parametrize("path", ["/", "/nowhere", "/tracking", "/internal"])
def test_other_paths_are_not_found(service: Service, path: str) -> None:
    answer = service.client.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", ["/click/spring", "/healthz"])
def test_what_can_only_be_read_says_so(service: Service, method: str, path: str) -> None:
    answer = service.client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
