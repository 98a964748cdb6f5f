"""The system that is fuzzed: the real edge before the real backend and sandbox, with a source of each kind."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.canaries import Canaries
from tests.fuzz.system import System
from tests.parts.backend import Backend
from tests.parts.databases import create_database, drop_database
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.sandbox import Sandbox
from tests.parts.sources import UNLIMITED, add_campaign, add_click, add_source

SECRET = "s3cret-of-all-sources"
SOURCES: dict[str, dict[str, Any]] = {
    "acme": {},
    "strict": {"click": "required"},
    "tokened": {"auth": "token", "token": "key"},
    "open": {"auth": "none"},
    "watched": {"mode": "observe"},
    "moved": {"auth": "token", "paths": ["/{key}/postback"], "params": {"transaction_id": ["tid"]}},
}


@pytest.fixture
def system(postgres: Postgres, template: str, master_key: str) -> Iterator[System]:
    """Started for each test. The edge's own log is at its most talkative."""
    ledger, canaries = create_database(postgres, template=template), Canaries()
    for slug, settings in SOURCES.items():
        secrets = [] if settings.get("auth") == "none" else [SECRET]
        add_source(ledger, master_key, slug, secrets, {"click": "optional", "currency": "USD", **UNLIMITED, **settings})
    add_click(ledger, "known-click", add_campaign(ledger, "spring"))
    environment = {"DATABASE_URL": ledger, "POSTLEDGER_MASTER_KEY": master_key}
    talkative = {"POSTLEDGER_NETWORK_RATE": "0", "POSTLEDGER_EDGE_LOG_LEVEL": "info"}
    with (
        Backend(environment) as backend,
        Sandbox(environment) as sandbox,
        Edge(
            backend_socket=backend.socket,
            environment={**talkative, "POSTLEDGER_SANDBOX_SOCKET": str(sandbox.socket)},
        ) as edge,
        edge.client() as honest,
    ):
        yield System(backend, edge, sandbox, honest, canaries, SECRET, (*SOURCES, "unknown"))
    drop_database(postgres, ledger)
