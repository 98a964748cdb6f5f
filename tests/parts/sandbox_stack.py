"""Fixtures of the stack that partners meet: production, the sandbox, and the edge before both."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from postledger.partners.tokens import issue_token
from tests.parts.backend import Backend
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.sandbox import Sandbox
from tests.parts.sources import UNLIMITED, add_source
from tests.parts.waiting import wait_until

TABLES = ("conversions", "postbacks", "conversion_events", "parked_reversals", "outbox", "unauthenticated_bytes")
LENIENT = {"click": "optional", "currency": "USD", **UNLIMITED}


@dataclass(frozen=True, slots=True)
class SandboxStack:
    """The parts, and the ledger behind them."""

    backend: Backend
    sandbox: Sandbox
    edge: Edge
    database: str
    master_key: str

    def fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger."""
        return fetch(self.database, statement, values)

    def wait_for_source(self, slug: str) -> None:
        """Wait until production, the sandbox and the edge have a policy with that source."""
        self.backend.wait_for_source(slug)
        wait_until(lambda: f'source="{slug}"' in self.sandbox.status("/metrics").text, what=f"{slug} in the sandbox")
        wait_until(lambda: f'source="{slug}"' in self.edge.ask_ops("/metrics").text, what=f"{slug} at the edge")

    def count_rows(self, schema: str) -> dict[str, int]:
        """The rows of each table that a postback writes."""
        return {table: self.fetch(f"SELECT count(*) FROM {schema}.{table}")[0][0] for table in TABLES}

    def token(self, slug: str) -> dict[str, str]:
        """The header with a new token of a source."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            issued = issue_token(connection, slug, "test", datetime.now(UTC))
        return {"Authorization": f"Bearer {issued.token}"}


@pytest.fixture(scope="module")
def sandbox_stack(postgres: Postgres, template: str, master_key: str) -> Iterator[SandboxStack]:
    """A stack with the sources `acme` and `beta`, which accept postbacks without a click."""
    url = create_database(postgres, template=template)
    for slug in ("acme", "beta"):
        add_source(url, master_key, slug, settings=LENIENT)
    environment = {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    with Backend(environment, workers=1) as backend, Sandbox(environment) as sandbox:
        settings = {"POSTLEDGER_NETWORK_RATE": "0", "POSTLEDGER_SANDBOX_SOCKET": str(sandbox.socket)}
        with Edge(backend_socket=backend.socket, environment=settings) as edge:
            yield SandboxStack(backend, sandbox, edge, url, master_key)
    drop_database(postgres, url)


def body_of(answer: httpx.Response) -> dict[str, Any]:
    """The members of an answer, without the receipt."""
    members: dict[str, Any] = json.loads(answer.content)
    assert members.pop("id") == answer.headers["x-request-id"]
    members.pop("explanation", None)  # beside the answer of production
    return members
