"""The operators' routes, health and metrics, and which socket answers what."""

import stat
import time
from datetime import UTC, datetime

import pytest

from postledger.platform.build_info import read_build_info
from postledger.vocabulary.refusal import Reason
from tests.http.conftest import Service
from tests.parts.backend import Backend
from tests.parts.sender import Sender
from tests.parts.sources import add_campaign, add_source, change_source, remove
from tests.parts.waiting import wait_until

OPERATORS = ("/healthz", "/internal/metrics", "/internal/policy")


def test_a_healthy_backend_answers_ok(service: Service) -> None:
    def answer() -> tuple[int, dict[str, str]]:
        told = service.operators.get("/healthz")
        return told.status_code, told.json()

    wait_until(lambda: answer() == (200, {"status": "ok"}), what="an answer of Postgres in time")


@pytest.mark.parametrize("source", ["acme", "strict", "unknown"])
def test_every_reason_has_a_series_from_the_start(service: Service, source: str) -> None:
    metrics = service.backend.metrics_text()

    assert all(f'postledger_refusals_total{{reason="{reason}",source="{source}"}}' in metrics for reason in Reason)


def test_the_metrics_of_the_contract_exist(service: Service) -> None:
    service.operators.get("/healthz")
    service.backend.wait_until_counted()

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


def test_the_build_is_one_series_also_after_a_worker_was_replaced(environment: dict[str, str]) -> None:
    build = read_build_info({"POSTLEDGER_COMMIT": "0123456789abcdef"})
    sample = f'postledger_build_info{{commit="{build.commit}",version="{build.version}"}} 1.0'
    with Backend({**environment, "POSTLEDGER_COMMIT": "0123456789abcdef"}) as backend:
        old = backend.worker_pids()

        backend.kill(old[0])
        wait_until(lambda: set(backend.worker_pids()) != set(old) and backend.knows_source("unknown"), what="a worker")

        assert [line for line in backend.metrics_text().splitlines() if "build_info{" in line] == [sample]


def test_requests_are_timed_by_route_and_status(service: Service) -> None:
    sample = 'postledger_request_duration_seconds_count{route="click",status="404"}'
    (before,) = service.counted(sample)

    service.client.get("/click/nowhere")

    assert service.counted(sample) == [before + 1]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/tracking", "/internal", *OPERATORS])
def test_the_public_socket_answers_404_to_other_paths(service: Service, path: str) -> None:
    answer = service.client.get(path)

    receipt = answer.json()["id"]
    assert (answer.status_code, answer.json()) == (404, {"status": "refused", "id": receipt, "reason": "not_found"})


@pytest.mark.parametrize("path", ["/", "/nowhere", "/tracking/postback/acme", "/click/spring"])
def test_the_operators_socket_answers_404_to_other_paths(service: Service, path: str) -> None:
    answer = service.operators.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/click/spring", "/schemas/postback-v1.json"])
def test_a_public_route_that_can_only_be_read_answers_405(service: Service, method: str, path: str) -> None:
    answer = service.client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", OPERATORS)
def test_an_operators_route_can_only_be_read(service: Service, method: str, path: str) -> None:
    answer = service.operators.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_source_info_follows_trust_and_removal(service: Service, master_key: str) -> None:
    """A removed source must not leave a series of 1 behind, because alerts use it."""
    info = 'postledger_source_info{{mode="enforce",source="passing",trusted="{}"}}'
    add_source(service.database, master_key, "passing", settings={"trusted": True})
    service.backend.wait_for_source("passing")
    assert service.metric(info.format("true")) == 1

    change_source(service.database, "passing", {"trusted": False})
    wait_until(lambda: service.metric(info.format("true")) == 0, what="the end of its trust")
    assert service.metric(info.format("false")) == 1

    remove(service.database, "sources", "passing")
    wait_until(lambda: service.metric(info.format("false")) == 0, what="its end")


def test_campaign_info_follows_removal(service: Service) -> None:
    add_campaign(service.database, "brief")
    wait_until(lambda: service.metric('postledger_campaign_info{campaign="brief"}') == 1, what="the campaign")

    remove(service.database, "campaigns", "brief")

    wait_until(lambda: service.metric('postledger_campaign_info{campaign="brief"}') == 0, what="its end")


def test_gauges_show_postgres_the_audit_and_the_queue(service: Service) -> None:
    # As the ledger has them: the day may have changed since it was made.
    days = [
        datetime.strptime(name, "postbacks_%Y%m%d").replace(tzinfo=UTC).timestamp()
        for (name,) in service.fetch("SELECT relname FROM pg_class WHERE relname ~ '^postbacks_[0-9]{8}$' ORDER BY 1")
    ]
    asked_s, contact = time.time(), "postledger_ledger_contact_timestamp_seconds"

    wait_until(lambda: service.metric(contact) > asked_s, what="another response of Postgres")
    assert service.metric(contact) < time.time()
    assert service.metric("postledger_audit_oldest_timestamp_seconds") == days[0]
    assert service.metric("postledger_audit_newest_timestamp_seconds") == days[-1]
    assert service.metric("postledger_audit_retention_seconds") == 90 * 86_400
    assert service.metric("postledger_queue_limit") == 2 * 1000, "of two workers"
    wait_until(lambda: service.metric("postledger_queue_waiting") == 0, what="the next look at the queue")


def test_a_payout_is_counted_by_size_and_never_by_amount(service: Service, acme: Sender, unique: str) -> None:
    def read() -> tuple[float, float]:
        payouts = 'postledger_payouts_total{{currency="USD",size="{}",source="acme"}}'
        sizes = (payouts.format(size) for size in ("330", "470"))
        opened, *booked = service.counted('postledger_conversions_opened_total{campaign="unknown"}', *sizes)
        return opened, sum(booked)

    before = read()
    sale = {"click_id": "any", "transaction_id": unique, "payout": "345.67"}

    for status in ("pending", "pending", "approved"):
        assert service.send(acme.get({**sale, "status": status})).is_success

    assert read() == (before[0] + 1, before[1] + 2)
    assert service.metric('postledger_payout_size{size="330"}') == 330
    assert "345.67" not in service.backend.metrics_text()


def test_payouts_are_counted_by_currency(service: Service, acme: Sender, unique: str) -> None:
    def read() -> dict[str, float]:
        payouts = 'postledger_payouts_total{{currency="{}",size="1",source="acme"}}'
        codes = ("EUR", "GBP", "USD")
        return dict(zip(codes, service.counted(*map(payouts.format, codes)), strict=True))

    before = read()

    for number, currency in enumerate(({}, {"currency": "eur"}, {"currency": "EUR"}, {"currency": "no such"})):
        service.send(acme.get({"click_id": "any", "transaction_id": f"{unique}-{number}", "payout": "1", **currency}))

    assert read() == {"EUR": before["EUR"] + 2, "GBP": before["GBP"], "USD": before["USD"] + 1}


def test_unknown_sources_and_campaigns_create_no_series(service: Service) -> None:
    """A text that a sender chooses must never become a label, because it could fill Prometheus' disk."""
    paths = ("/tracking/postback/nobody", "/click/nowhere", "/nowhere")
    assert {service.client.get(path).status_code for path in paths} == {404}
    service.series()  # the first request for a path creates a series
    before = service.series()

    for number in range(100):
        for path in paths:
            service.client.get(f"{path}-{number}?source=s{number}")

    assert service.series() == before


def test_an_unreadable_source_is_503_and_others_follow_the_policy(
    service: Service, master_key: str, unique: str
) -> None:
    for slug in ("shaky", "steady"):
        add_source(service.database, master_key, slug, settings={"click": "optional"})
    service.backend.wait_for_source("steady")
    good, other = Sender("shaky").get({"click_id": unique}), Sender("steady").get({"click_id": unique})
    shown = 'postledger_source_unusable{source="shaky"}'

    change_source(service.database, "shaky", {"rate": "fast"})
    change_source(service.database, "steady", {"click": "required"})
    wait_until(lambda: service.metric(shown) == 1, what="the gauge of an unusable source")
    wait_until(lambda: service.send(good).code == 503, what="a 503 for the source")
    wait_until(lambda: service.send(other).reason == "unknown_click", what="the other source to follow the policy")
    change_source(service.database, "shaky", {"click": "optional"})
    wait_until(lambda: service.metric(shown) == 0, what="the source to be usable again")

    assert service.send(good).status in ("accepted", "duplicate")


def test_a_removed_unusable_source_is_unusable_no_more(service: Service, master_key: str) -> None:
    shown = 'postledger_source_unusable{source="stillborn"}'
    add_source(service.database, master_key, "stillborn", settings={"rate": "fast"})
    wait_until(lambda: service.metric(shown) == 1, what="the gauge of an unusable source")

    remove(service.database, "sources", "stillborn")

    wait_until(lambda: service.metric(shown) == 0, what="the gauge at 0")


def test_both_sockets_are_open_to_all_users(service: Service) -> None:
    """Their directory decides who may connect. A mode widened after the start would refuse the edge for a moment."""
    sockets = (service.backend.socket, service.backend.operators_socket)

    assert [stat.S_IMODE(path.stat().st_mode) for path in sockets] == [0o777, 0o777]
