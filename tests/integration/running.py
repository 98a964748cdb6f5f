"""A running edge, backend, worker and ledger for tests of the command line."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.sandbox import Sandbox
from tests.parts.sources import UNLIMITED, add_campaign, add_click, add_source
from tests.parts.worker import Worker


@pytest.fixture(scope="module")
def running(postgres: Postgres, template: str, master_key: str) -> Iterator[dict[str, str]]:
    """The variables of a running edge, backend, worker and ledger with the source `acme` and the campaign `spring`."""
    url = create_database(postgres, template=template)
    add_source(url, master_key, "acme", ["s3cret-current", "s3cret-previous"], {"currency": "USD", **UNLIMITED})
    add_source(url, master_key, "plain", [], {"auth": "none", "click": "optional", "currency": "EUR", **UNLIMITED})
    campaign_id = add_campaign(url, "spring")
    add_click(url, "known-click", campaign_id, "456")
    environment = {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    with (
        Backend(environment, workers=1) as backend,
        Edge(backend_socket=backend.socket) as edge,
        Worker(environment) as worker,
        Sandbox(environment) as sandbox,
    ):
        yield environment | {
            "POSTLEDGER_EDGE_URL": edge.https_url,
            "POSTLEDGER_EDGE_HTTP_URL": edge.http_url,
            "POSTLEDGER_OPS_URL": edge.ops_url,
            "POSTLEDGER_WORKER_URL": worker.url,
            "POSTLEDGER_SANDBOX_URL": f"http://127.0.0.1:{sandbox.port}",
            "POSTLEDGER_CA_FILE": str(edge.ca_file),
        }
    drop_database(postgres, url)


@pytest.fixture
def environment(running: dict[str, str]) -> dict[str, str]:
    """The command line uses that ledger."""
    return running


def unique(name: str) -> str:
    """An id that no other test uses."""
    return f"{name}-{uuid4().hex}"


def send(cli: CommandLine, *parameters: str, source: str = "acme") -> dict[str, Any]:
    """Send a postback of the known click and give the answer."""
    ran = cli("send", source, "click_id=known-click", *parameters, "--json")
    return dict(json.loads(ran.out))
