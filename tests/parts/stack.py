"""Fixtures of the whole stack: a Postgres that a test may kill, the real backend, the real edge.

They are made once for each module and not restarted between its tests, so a test leaves them working. A conftest
imports those that its tests use.
"""

from collections.abc import Iterator

import httpx
import pytest

from tests.parts.backend import Backend
from tests.parts.databases import create_database, drop_database, prepare_database
from tests.parts.edge import Edge
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.postgres import Postgres
from tests.parts.sources import UNLIMITED, add_source


@pytest.fixture(scope="module")
def mortal() -> Iterator[Postgres]:
    """A Postgres that a test may stop, kill and freeze. As the shipped one it waits for the disk at every commit."""
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="module")
def ledger(mortal: Postgres, master_key: str) -> Iterator[str]:
    """The URL of a ledger with the source `acme`."""
    url = create_database(mortal)
    prepare_database(url)
    add_source(url, master_key, "acme", settings={"click": "optional", "currency": "USD", **UNLIMITED})
    yield url
    drop_database(mortal, url)


@pytest.fixture(scope="module")
def ledger_environment(ledger: str, master_key: str) -> dict[str, str]:
    """The variables of a backend on that ledger."""
    return {"DATABASE_URL": ledger, "POSTLEDGER_MASTER_KEY": master_key}


@pytest.fixture(scope="module")
def keeps_time() -> bool:
    """Whether the backend and the edge have the shipped timeouts: overridden for drills and for outages."""
    return False


@pytest.fixture(scope="module")
def backend(ledger_environment: dict[str, str], keeps_time: bool) -> Iterator[Backend]:
    """The real backend with two workers."""
    with Backend(ledger_environment, shipped_limits=keeps_time) as backend:
        yield backend


@pytest.fixture(scope="module")
def edge(backend: Backend, keeps_time: bool) -> Iterator[Edge]:
    """The real edge before it, without its guard against one address that asks too fast: all tests come from one."""
    environment = {"POSTLEDGER_NETWORK_RATE": "0"}
    with Edge(backend_socket=backend.socket, environment=environment, shipped_timeouts=keeps_time) as edge:
        yield edge


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    """A client of the public listener."""
    with httpx.Client(base_url=edge.https_url, verify=edge.tls_context(), timeout=ANSWER_WITHIN_S) as client:
        yield client
