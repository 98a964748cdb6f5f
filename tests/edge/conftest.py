"""The edge with an echoing backend behind it, once for all tests that leave both as they are, anew for the others."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.edge.echo_backend import EchoBackend
from tests.parts.edge import Edge

# All that nginx can say, short of debug: what cannot leak here cannot leak at the default either.
TALKATIVE = {"POSTLEDGER_EDGE_LOG_LEVEL": "info"}


@contextmanager
def edge_with(backend: EchoBackend, **environment: str) -> Iterator[Edge]:
    """An edge of one's own with these variables."""
    with Edge(backend_socket=backend.socket, environment={**TALKATIVE, **environment}) as edge:
        yield edge


@pytest.fixture(scope="session")
def edge() -> Iterator[Edge]:
    """Shared: for tests that only ask."""
    with EchoBackend() as backend, Edge(backend_socket=backend.socket, environment=TALKATIVE) as edge:
        yield edge


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    """Speaks HTTP/1.1 to the shared edge's public listener."""
    with edge.client() as client:
        yield client


@pytest.fixture
def own_backend() -> Iterator[EchoBackend]:
    """For tests that stop it."""
    with EchoBackend() as backend:
        yield backend


@pytest.fixture
def own_edge(own_backend: EchoBackend) -> Iterator[Edge]:
    """For tests that stop it or its backend."""
    with Edge(backend_socket=own_backend.socket, environment=TALKATIVE) as edge:
        yield edge
