"""Drills: the real thing is broken, and people hear of it in time, and hear when it is over.

The shipped rules and routes run 60 times as fast (see `tests.parts.alerting`), so a promised minute is a second; what
a loaded machine adds is the same however fast they run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import pytest

from tests.parts.alerting import RULES_FASTER, Alertmanager, Prometheus
from tests.parts.backend import Backend
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.receivers import Catcher
from tests.parts.sender import Sender, send
from tests.parts.sources import UNLIMITED, add_campaign, add_source
from tests.parts.waiting import wait_until

ACME, PARTNER = Sender("acme"), Sender("partner")
MACHINE_S = 8.0
JUDGED_POSTBACKS = 20  # in five minutes, which are five seconds here; with fewer nothing is a spike
LEDGER_SILENCE_S = 20.0  # a threshold is a number and not a length of time: it is not hastened


def promised_s(minutes: float) -> float:
    """What docs/monitoring.md promises, hastened, with a minute for Alertmanager."""
    return (minutes + 1) * 60 / RULES_FASTER + MACHINE_S


@pytest.fixture(scope="module")
def catcher() -> Iterator[Catcher]:
    """The webhook that people hear by."""
    with Catcher() as catcher:
        yield catcher


@pytest.fixture(scope="module")
def alertmanager(catcher: Catcher) -> Iterator[Alertmanager]:
    """Alertmanager, told of the webhook by the environment."""
    with Alertmanager({"POSTLEDGER_ALERT_WEBHOOK_URL": catcher.url}) as alertmanager:
        yield alertmanager


@pytest.fixture(scope="module")
def prometheus(
    ledger: str, master_key: str, backend: Backend, edge: Edge, alertmanager: Alertmanager
) -> Iterator[Prometheus]:
    """Prometheus, which has seen the sources and the campaign of the drills before anything happens."""
    settings = {"click": "optional", "trusted": True, **UNLIMITED}
    add_source(ledger, master_key, "partner", settings=settings)
    add_campaign(ledger, "spring")
    backend.wait_for_source("partner")
    edge.wait_for_source("partner")
    with Prometheus(edge.ops_port, alertmanager.port) as prometheus:
        wait_until(lambda: prometheus.ask('postledger_campaign_info{campaign="spring"}') == 1, what="the campaign")
        wait_until(lambda: prometheus.ask("count(postledger:threshold:excess_ratio)") == 4, what="the thresholds")
        yield prometheus


@contextmanager
def repeating(send_one: Callable[[int], object], pause_s: float) -> Iterator[None]:
    """Send in the background, one after the other."""
    stopping = Event()

    def run() -> None:
        number = 0
        while not stopping.wait(pause_s):
            send_one(number)
            number += 1

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def test_before_anything_happens_nothing_fires(prometheus: Prometheus, client: httpx.Client) -> None:
    assert send(client, ACME.get({"click_id": "a-good-one"})).is_success

    # Waited for: a target that took half a second to answer was told of as being down.
    wait_until(lambda: prometheus.firing() == {"Watchdog"}, what="the watchdog, and nothing else")


def test_wrong_signatures_of_a_trusted_source_are_told_in_time_and_so_is_their_end(
    prometheus: Prometheus, catcher: Catcher, client: httpx.Client
) -> None:
    forger = Sender("partner", secret="not-the-partner's")

    assert {send(client, forger.get({"click_id": f"forged-{n}"})).reason for n in range(25)} == {"bad_signature"}

    alert = {"alertname": "TrustedSourceValidationFailures", "source": "partner", "team": "partners"}
    wait_until(lambda: catcher.heard("firing", **alert), promised_s(1), "the alert")
    with repeating(lambda n: send(client, PARTNER.get({"click_id": f"good-{n}"})), 0.2):
        wait_until(lambda: catcher.heard("resolved", **alert), promised_s(8), "its end")


def test_without_postgres_the_spike_is_told_first_then_its_cause_and_then_the_end_of_both(
    prometheus: Prometheus, alertmanager: Alertmanager, catcher: Catcher, mortal: Postgres, client: httpx.Client
) -> None:
    spike = {"alertname": "PostbackServerErrorSpike", "source": "acme"}
    cause = {"alertname": "LedgerUnavailable"}
    with repeating(lambda n: send(client, ACME.get({"click_id": f"drill-{n}"})), 0.02):
        wait_until(
            lambda: (prometheus.ask('source:postledger_postbacks:increase5m{source="acme"}') or 0) > JUDGED_POSTBACKS,
            what="traffic",
        )
        mortal.stop()
        try:
            wait_until(lambda: catcher.heard("firing", **spike), promised_s(1), "the spike")
            wait_until(lambda: catcher.heard("firing", **cause), LEDGER_SILENCE_S + promised_s(2), "the cause")
            wait_until(lambda: "PostbackServerErrorSpike" in alertmanager.silent(), what="its consequence kept back")
        finally:
            mortal.start()
        wait_until(lambda: catcher.heard("resolved", **cause), promised_s(8), "the end of the cause")
        wait_until(lambda: catcher.heard("resolved", **spike), promised_s(12), "the end of the spike")


def test_a_campaign_at_four_in_five_is_told_in_time_and_so_is_its_end(
    prometheus: Prometheus, catcher: Catcher, client: httpx.Client
) -> None:
    clicks = [visit(client) for _ in range(40)]
    for number, click_id in enumerate(clicks[:32]):
        assert send(client, ACME.get({"click_id": click_id, "transaction_id": f"drill-{number}"})).is_success

    alert = {"alertname": "CampaignConversionRateAbnormal", "campaign": "spring"}
    wait_until(lambda: catcher.heard("firing", **alert), promised_s(3), "the alert")
    for _ in range(60):  # people come again, and buy as people do
        visit(client)
    wait_until(lambda: catcher.heard("resolved", **alert), promised_s(8), "its end")


def visit(client: httpx.Client) -> str:
    """Visit the campaign as a person would, and give the click id that the destination is told."""
    answer = client.get("/click/spring?aff=456")
    assert answer.status_code == 302
    return httpx.URL(answer.headers["location"]).params["cid"]


def test_an_alert_links_to_its_runbook(prometheus: Prometheus, catcher: Catcher) -> None:
    told = [alert for message in catcher.messages for alert in message["alerts"]]

    assert told
    assert {alert["annotations"]["runbook_url"] for alert in told} == {
        f"http://runbooks.test/{alert['labels']['alertname']}.md" for alert in told
    }
    assert all("runbooks" not in alert["labels"] for alert in told)


def test_every_rule_could_be_evaluated_over_what_the_parts_really_say(prometheus: Prometheus) -> None:
    assert prometheus.failing() == {}
