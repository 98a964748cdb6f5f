"""Slow clients: they hold a connection of the edge for a while, and never a worker of the backend."""

import subprocess
import time

import httpx
import pytest

from tests.edge.wire import get, post, read_all, tls_connection
from tests.parts.edge import Edge, wait_until

PATH = "/tracking/postback/acme"
SLOW_CLIENTS = 150  # the echoing backend has 8 threads


def slow_http(edge: Edge, *options: str) -> subprocess.Popen[bytes]:
    """slowhttptest against the edge, for a few seconds, faster at connecting than at anything else."""
    command = ["slowhttptest", *options, "-c", str(SLOW_CLIENTS), "-r", "150", "-l", "6", "-i", "2", "-x", "10"]
    return subprocess.Popen(
        [*command, "-u", edge.https_url + PATH], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def connections(edge: Edge) -> float:
    """All that the edge holds at this moment."""
    return sum(value for name, value in edge.metrics().items() if name.startswith("postledger_edge_connections"))


@pytest.mark.parametrize("options", [["-H"], ["-B", "-s", "8192"]], ids=["headers", "body"])
def test_while_many_are_slow_others_are_served_at_once(own_edge: Edge, options: list[str]) -> None:
    attack = slow_http(own_edge, *options)
    with httpx.Client(base_url=own_edge.https_url, verify=own_edge.tls_context()) as client:
        wait_until(lambda: connections(own_edge) > SLOW_CLIENTS)
        durations_s = []
        for _ in range(50):
            before_s = time.monotonic()
            assert client.get(PATH).status_code == 200
            durations_s.append(time.monotonic() - before_s)
    attack.wait(timeout=60)

    assert sorted(durations_s)[25] < 0.2
    asked_for = [line for line in own_edge.access_log() if line["upstream_duration_s"] is not None]
    assert len(asked_for) < 60, "only ours were passed on, and the probes by which slowhttptest sees whether we live"


def test_a_body_that_stops_is_given_up_and_logged_as_a_time_out(edge: Edge) -> None:
    with tls_connection(edge) as connection:
        connection.sendall(post(PATH, b"x" * 1000)[:-500])

        assert read_all(connection) == b""  # nginx closes without a word

    wait_until(lambda: 408 in [line["status"] for line in edge.access_log()])
    line = next(line for line in edge.access_log() if line["status"] == 408)
    assert line["upstream_duration_s"] is None


def test_headers_that_stop_are_given_up(edge: Edge) -> None:
    with tls_connection(edge) as connection:
        connection.sendall(get(PATH)[:-2])

        assert read_all(connection) == b""
