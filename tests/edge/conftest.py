"""The edge with an echoing backend behind it, once for all tests that leave both as they are, anew for the others."""

from collections.abc import Iterator

import httpx
import pytest

from tests.edge.echo_backend import EchoBackend
from tests.parts.edge import Edge


@pytest.fixture(scope="session")
def edge() -> Iterator[Edge]:
    """Shared: for tests that only ask."""
    with EchoBackend() as backend, Edge(backend_socket=backend.socket) as edge:
        yield edge


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    """Speaks HTTP/1.1 to the shared edge's public listener."""
    with httpx.Client(base_url=edge.https_url, verify=edge.tls_context()) as client:
        yield client


@pytest.fixture
def own_backend() -> Iterator[EchoBackend]:
    """For tests that stop it."""
    with EchoBackend() as backend:
        yield backend


@pytest.fixture
def own_edge(own_backend: EchoBackend) -> Iterator[Edge]:
    """For tests that stop it or its backend, or read its logs as a whole. It logs all that nginx can, short of debug."""
    with Edge(backend_socket=own_backend.socket, environment={"POSTLEDGER_EDGE_LOG_LEVEL": "info"}) as edge:
        yield edge
