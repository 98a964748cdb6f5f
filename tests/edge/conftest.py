"""The edge with an echoing backend: one pair for tests that leave both as they are, pairs of their own for others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import pytest

from tests.edge.echo_backend import EchoBackend, source
from tests.parts.edge import Edge

# All that nginx logs, except debug: what cannot leak here cannot leak at the default level either.
TALKATIVE = {"POSTLEDGER_EDGE_LOG_LEVEL": "info"}
NOT_OURS = ["192.0.2.0/24", "2001:db8::/32"]


@contextmanager
def edge_with(backend: EchoBackend, **environment: str) -> Iterator[Edge]:
    """An edge of the test's own with these variables."""
    with Edge(backend_socket=backend.socket, environment={**TALKATIVE, **environment}) as edge:
        yield edge


@contextmanager
def impatient_edge(backend: EchoBackend) -> Iterator[Edge]:
    """An edge with the shipped timeouts, for tests of these."""
    with Edge(backend_socket=backend.socket, environment=TALKATIVE, shipped_timeouts=True) as edge:
        yield edge


@pytest.fixture(scope="session")
def backend() -> Iterator[EchoBackend]:
    """Shared: for tests that leave it as it is. Its sources are one that is open, one closed, one observed."""
    with EchoBackend() as backend:
        backend.set_sources(
            source("acme"),
            source("closed", allow=NOT_OURS),
            source("watched", allow=NOT_OURS, mode="observe"),
        )
        yield backend


@pytest.fixture(scope="session")
def edge(backend: EchoBackend) -> Iterator[Edge]:
    """Shared: for tests that only send requests."""
    with edge_with(backend) as edge:
        yield edge


@pytest.fixture(scope="session")
def impatient(backend: EchoBackend) -> Iterator[Edge]:
    """Shared: an edge with the shipped timeouts."""
    with impatient_edge(backend) as edge:
        yield edge


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    """Speaks HTTP/1.1 to the shared edge's public listener."""
    with edge.client() as client:
        yield client


@pytest.fixture(scope="session")
def lonely() -> Iterator[Edge]:
    """Shared: an edge whose backend has given out its policy and is down since then."""
    with EchoBackend() as backend, edge_with(backend) as edge:
        backend.stop()
        yield edge


@pytest.fixture
def own_edge(backend: EchoBackend) -> Iterator[Edge]:
    """For tests that stop, kill or reload it."""
    with edge_with(backend) as edge:
        yield edge


@pytest.fixture
def own_backend() -> Iterator[EchoBackend]:
    """For tests that stop it or change its policy."""
    with EchoBackend() as backend:
        yield backend


class Pair(NamedTuple):
    """An edge and its backend."""

    edge: Edge
    backend: EchoBackend


@pytest.fixture
def own_pair(own_backend: EchoBackend) -> Iterator[Pair]:
    """For tests that stop both of them, or see an edge lose its backend."""
    with edge_with(own_backend) as edge:
        yield Pair(edge, own_backend)
