"""Incidents: something real breaks, an alert about it arrives at a receiver, and so does the news that it is over.

The shipped rules and routes run 60 times as fast (see `tests.parts.alerting`), so a minute of theirs is a second here.
Each incident waits until both messages have arrived, and returns how long they took.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread

import httpx
import pytest

from tests.parts.alerting import Alertmanager, Prometheus
from tests.parts.backend import Backend
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.receivers import Catcher
from tests.parts.sender import Sender, send
from tests.parts.sources import UNLIMITED, add_campaign, add_source
from tests.parts.waiting import wait_until

ACME, PARTNER = Sender("acme"), Sender("partner")
SENDERS = 16  # so that enough postbacks are answered in the window even if each takes its longest, 1.4 s
JUDGED_POSTBACKS = 20  # in five minutes, which are five seconds here; with fewer nothing is a spike


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that an incident needs."""

    prometheus: Prometheus
    alertmanager: Alertmanager
    catcher: Catcher
    postgres: Postgres
    client: httpx.Client

    def hear(self, status: str, alert: dict[str, str]) -> float:
        """Wait until an alert has arrived as `firing` or `resolved`; returns how many seconds that took."""
        return wait_until(lambda: self.catcher.heard(status, **alert), what=f"{alert['alertname']} {status}")

    def knows(self, alert: dict[str, str]) -> bool:
        """Return whether an alert has arrived, or is held back because its cause has arrived."""
        return self.catcher.heard("firing", **alert) or alert["alertname"] in self.alertmanager.silent()

    def await_end(self, alert: dict[str, str]) -> float:
        """Wait until Prometheus fires an alert no longer; returns how many seconds that took."""
        name = alert["alertname"]
        return wait_until(lambda: name not in self.prometheus.firing(), what=f"the end of {name}")


@pytest.fixture(scope="module")
def catcher() -> Iterator[Catcher]:
    """The webhook of every receiver."""
    with Catcher() as catcher:
        yield catcher


@pytest.fixture(scope="module")
def alertmanager(catcher: Catcher) -> Iterator[Alertmanager]:
    """Alertmanager, with the webhook as its receivers."""
    with Alertmanager({"POSTLEDGER_ALERT_WEBHOOK_URL": catcher.url}) as alertmanager:
        yield alertmanager


@pytest.fixture(scope="module")
def prometheus(
    ledger: str, master_key: str, backend: Backend, edge: Edge, alertmanager: Alertmanager
) -> Iterator[Prometheus]:
    """Prometheus, which has seen the sources, the campaign and normal traffic, of which only the watchdog fires."""
    settings = {"click": "optional", "trusted": True, **UNLIMITED}
    add_source(ledger, master_key, "partner", settings=settings)
    add_campaign(ledger, "spring")
    backend.wait_for_source("partner")
    edge.wait_for_source("partner")
    jobs = {"backend": edge.ops_port, "edge": edge.ops_port, "alertmanager": alertmanager.port}
    with Prometheus(**jobs) as prometheus:
        wait_until(lambda: prometheus.ask('postledger_campaign_info{campaign="spring"}') == 1, what="the campaign")
        wait_until(lambda: prometheus.ask("count(postledger:threshold:excess_ratio)") == 4, what="the thresholds")
        with edge.client() as client:
            assert send(client, ACME.get({"click_id": "a-good-one"})).is_success
        # Waited for, because a target that takes half a second to answer counts as down.
        wait_until(lambda: prometheus.firing() == {"Watchdog"}, what="the watchdog, and nothing else")
        yield prometheus


@pytest.fixture
def stage(
    prometheus: Prometheus, alertmanager: Alertmanager, catcher: Catcher, mortal: Postgres, client: httpx.Client
) -> Stage:
    """All of it, as the incidents before have left it."""
    return Stage(prometheus, alertmanager, catcher, mortal, client)


def forge_signatures(stage: Stage) -> tuple[float, float]:
    """A trusted source sends wrong signatures, and then good ones."""
    forger = Sender("partner", secret="not-the-partner's")
    alert = {"alertname": "TrustedSourceValidationFailures", "source": "partner", "team": "partners"}
    with repeating(lambda n: send(stage.client, forger.get({"click_id": f"forged-{n}"})), 0.02):
        firing_s = stage.hear("firing", alert)
    with repeating(lambda n: send(stage.client, PARTNER.get({"click_id": f"good-{n}"})), 0.2):
        return firing_s, stage.hear("resolved", alert)


@dataclass(frozen=True, slots=True)
class Outage:
    """How long each message about an outage took: of what clients see, and of its cause."""

    spike_s: float
    cause_s: float
    cause_over_s: float
    spike_over_s: float


def lose_postgres(stage: Stage) -> Outage:
    """Postgres stops while a source sends, and comes back when both alerts have arrived.

    Its cause inhibits the spike, so a spike that comes second is not sent: Alertmanager holds it back. At this pace
    either may come first.
    """
    spike, cause = {"alertname": "PostbackServerErrorSpike", "source": "acme"}, {"alertname": "LedgerUnavailable"}
    judged = 'source:postledger_postbacks:increase5m{source="acme"}'
    with repeating(lambda n: send(stage.client, ACME.get({"click_id": f"drill-{n}"})), 0.02 * SENDERS, SENDERS):
        wait_until(lambda: (stage.prometheus.ask(judged) or 0) > JUDGED_POSTBACKS, what="traffic")
        stage.postgres.stop()
        try:
            spike_s = wait_until(lambda: stage.knows(spike), what="the spike")
            cause_s = spike_s + stage.hear("firing", cause)
            wait_until(lambda: spike["alertname"] in stage.alertmanager.silent(), what="the inhibited consequence")
        finally:
            stage.postgres.start()
        cause_over_s = stage.hear("resolved", cause) + stage.await_end(cause)
        spike_over_s = cause_over_s + stage.await_end(spike)
        if stage.catcher.heard("firing", **spike):
            spike_over_s += stage.hear("resolved", spike)
        return Outage(spike_s, cause_s, cause_over_s, spike_over_s)


def convert_too_often(stage: Stage) -> tuple[float, float]:
    """Four in five clicks of a campaign convert, and then many clicks do not."""
    clicks = [visit(stage.client) for _ in range(40)]
    for number, click_id in enumerate(clicks[:32]):
        postback = ACME.get({"click_id": click_id, "transaction_id": f"drill-{number}"})
        assert send(stage.client, postback).is_success
    alert = {"alertname": "CampaignConversionRateAbnormal", "campaign": "spring"}
    firing_s = stage.hear("firing", alert)
    for _ in range(60):
        visit(stage.client)
    return firing_s, stage.hear("resolved", alert)


def visit(client: httpx.Client) -> str:
    """Visit the campaign as a person would; returns the click id that the destination gets."""
    answer = client.get("/click/spring?aff=456")
    assert answer.status_code == 302
    return httpx.URL(answer.headers["location"]).params["cid"]


@contextmanager
def repeating(send_one: Callable[[int], object], pause_s: float, senders: int = 1) -> Iterator[None]:
    """Send in the background from that many threads, each one request after the other, each number once."""
    stopping, numbers = Event(), count()

    def run() -> None:
        while not stopping.wait(pause_s):
            send_one(next(numbers))

    threads = [Thread(target=run) for _ in range(senders)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
