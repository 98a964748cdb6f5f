"""One real backend for all tests of its HTTP: each test speaks under ids of its own, so that none disturbs another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.parts.backend import Backend
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.outbox_guard import guard_outbox
from tests.parts.postgres import Postgres
from tests.parts.sender import Answer, Postback, Sender, send
from tests.parts.sources import add_campaign, add_click, add_source

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True, slots=True)
class Service:
    """The backend, the ledger behind it, and an HTTP client for each of its two applications."""

    backend: Backend
    database: str
    client: httpx.Client
    operators: httpx.Client
    campaign_id: int

    def send(self, postback: Postback) -> Answer:
        """Send a postback and read the answer."""
        return send(self.client, postback)

    def fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger."""
        return fetch(self.database, statement, values)

    def audit_row(self, receipt: str | None) -> tuple[str, str | None, str | None]:
        """The verdict, reason and parameter that a receipt names."""
        ((verdict, reason, parameter),) = self.fetch(
            "SELECT verdict, reason, parameter FROM postbacks WHERE id = %s", receipt
        )
        return verdict, reason, parameter

    def metrics(self) -> dict[str, float]:
        """All samples at this moment, by their full names with labels."""
        lines = (line.rpartition(" ") for line in self.backend.metrics_text().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def metric(self, sample: str) -> float:
        """The value of one sample; 0 where it does not exist."""
        return self.metrics().get(sample, 0.0)

    def counted(self, *samples: str) -> list[float]:
        """The values of counters, with all that was answered before."""
        self.backend.wait_until_counted()
        metrics = self.metrics()
        return [metrics.get(sample, 0.0) for sample in samples]

    def series(self) -> set[str]:
        """All that the backend shows, without the values, with all that was answered before."""
        self.backend.wait_until_counted()
        return set(self.metrics())


@pytest.fixture(scope="session")
def service(postgres: Postgres, template: str, master_key: str) -> Iterator[Service]:
    """A backend with the sources `acme` (lenient), `strict` (clicks required), `hooks` (whsec_) and a campaign."""
    url = create_database(postgres, template=template)
    guard_outbox(url)
    lenient = {"click": "optional", "currency": "USD", "pii": ["email"]}
    add_source(url, master_key, "acme", ["s3cret-current", "s3cret-previous"], lenient)
    add_source(url, master_key, "strict", settings={"currency": "USD"})
    add_source(url, master_key, "hooks", [WHSEC], lenient)
    add_source(url, master_key, "watched", settings={"mode": "observe"})
    campaign_id = add_campaign(url, "spring", "https://shop.example/l?cid={click_id}&a={affiliate_id}&s={sub1}")
    add_click(url, "known-click", campaign_id, "456")
    environment = {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    with Backend(environment) as backend, backend.client() as client, backend.operators() as operators:
        backend.wait_for_source("watched")
        yield Service(backend, url, client, operators, campaign_id)
    drop_database(postgres, url)


@pytest.fixture
def acme() -> Sender:
    """The source `acme`."""
    return Sender("acme")


@pytest.fixture
def unique() -> str:
    """A transaction id that no other test uses."""
    return f"T-{uuid4().hex}"
