"""A replay's dry run tells how many postbacks left no row: the real Prometheus has counted what the edge refused."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.parts.alerting import Prometheus
from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.credentials import CREDENTIALS
from tests.parts.databases import create_database, drop_database
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.sources import UNLIMITED, add_source
from tests.parts.waiting import wait_until

SENT = 5
COUNTED = 'postledger_edge_refusals_total{source="closed",reason="ip_not_allowed"}'


@dataclass(frozen=True)
class Counting:
    """An edge that has refused some postbacks, and Prometheus, which has seen them."""

    database: str
    prometheus: Prometheus


@pytest.fixture(scope="module")
def counting(postgres: Postgres, template: str, master_key: str) -> Iterator[Counting]:
    url = create_database(postgres, template=template)
    add_source(url, master_key, "closed", settings={"allow": ["192.0.2.0/24"], **UNLIMITED})
    with (
        Backend({"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}, workers=1) as backend,
        Edge(backend_socket=backend.socket) as edge,
    ):
        edge.wait_for_source("closed")
        with Prometheus(edge=edge.ops_port) as prometheus:
            wait_until(lambda: prometheus.ask(COUNTED) == 0, what="the series at zero")
            with edge.client() as client:
                assert {client.get("/tracking/postback/closed").status_code for _ in range(SENT)} == {403}
            wait_until(lambda: prometheus.ask(COUNTED) == SENT, what="what the edge has refused")
            yield Counting(url, prometheus)
    drop_database(postgres, url)


@pytest.fixture
def environment(counting: Counting, master_key: str) -> dict[str, str]:
    """The command line knows Prometheus."""
    user, password = CREDENTIALS
    return {
        "DATABASE_URL": counting.database, "POSTLEDGER_MASTER_KEY": master_key,
        "PROMETHEUS_URL": counting.prometheus.url, "PROMETHEUS_USER": user, "PROMETHEUS_PASSWORD": password,
    }  # fmt: skip


def count(cli: CommandLine, *options: str) -> dict[str, int] | None:
    found: dict[str, int] | None = cli("replay", "--since", "1h", *options, "--json").facts["never_stored"]
    return found


@pytest.mark.parametrize("options", [(), ("--source", "closed"), ("--reason", "ip_not_allowed")])
def test_what_the_edge_refused_is_counted(cli: CommandLine, options: tuple[str, ...]) -> None:
    counts = count(cli, *options)

    assert counts is not None
    assert list(counts) == ["ip_not_allowed"]
    assert SENT <= counts["ip_not_allowed"] <= 3 * SENT  # Prometheus extrapolates, and has few samples here


@pytest.mark.parametrize("options", [("--reason", "rate_limited"), ("--verdict", "accepted"), ("--transaction", "T1")])
def test_what_is_not_selected_is_not_counted(cli: CommandLine, options: tuple[str, ...]) -> None:
    assert count(cli, *options) == {}


def test_the_table_tells_it(cli: CommandLine) -> None:
    assert "never stored, about: ip_not_allowed " in cli("replay", "--since", "1h").out


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9", "not a URL"])
def test_without_prometheus_it_says_that_nothing_was_counted(cli: CommandLine, url: str) -> None:
    cli.environment["PROMETHEUS_URL"] = url

    assert count(cli) is None
    assert "never stored: not counted, because Prometheus does not answer" in cli("replay", "--since", "1h").out
