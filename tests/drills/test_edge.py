"""The times that the edge promises by itself, before an echoing backend."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from threading import Event

import httpx
import pytest

from tests.drills.promises import Promises
from tests.edge.conftest import NOT_OURS, Pair, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import get, tls_connection
from tests.parts.edge import Edge
from tests.parts.part import END_WITHIN_S
from tests.parts.waiting import wait_until

PATH = "/tracking/postback/acme"
IN_FORCE_WITHIN_S = 3
LONG = [f"10.{number // 250}.{number % 250}.0/24" for number in range(8_000)]
WORKERS_MET = 16  # connections: enough that every worker has some of them
RATE, BURST, FOR_S, SENDERS = 40, 30, 10, 8
SLOW_CLIENTS, ASKED = 100, 20


@pytest.fixture
def pair() -> Iterator[Pair]:
    with EchoBackend() as backend, edge_with(backend) as edge:
        yield Pair(edge, backend)


class Connections:
    """Kept connections to every worker of an edge."""

    def __init__(self, edge: Edge, stack: ExitStack) -> None:
        self._open = [stack.enter_context(tls_connection(edge)) for _ in range(WORKERS_MET)]

    def statuses(self) -> set[bytes]:
        """Ask once on each of them."""
        for connection in self._open:
            connection.sendall(get(PATH).replace(b"Connection: close\r\n", b""))
        return {connection.recv(65536).split(b" ", 2)[1] for connection in self._open}


def test_a_policy_is_in_force_at_every_worker(pair: Pair, promises: Promises) -> None:
    with ExitStack() as stack:
        connections = Connections(pair.edge, stack)
        assert connections.statuses() == {b"200"}

        pair.backend.set_sources(source("acme", allow=NOT_OURS))
        changed_s = time.monotonic()
        wait_until(lambda: connections.statuses() == {b"403"})

        promises.keep("policy at every worker of the edge", time.monotonic() - changed_s, IN_FORCE_WITHIN_S)


def test_a_long_policy_is_in_force_at_workers_without_requests(pair: Pair, promises: Promises) -> None:
    """No request is sent until the promised time is over: the next one must be judged by the new policy."""
    with ExitStack() as stack:
        connections = Connections(pair.edge, stack)
        assert connections.statuses() == {b"200"}

        pair.backend.set_sources(source("acme", allow=LONG))
        Event().wait(IN_FORCE_WITHIN_S)
        in_force_s = IN_FORCE_WITHIN_S if connections.statuses() == {b"403"} else float("inf")

        promises.keep("long policy at idle workers of the edge", in_force_s, IN_FORCE_WITHIN_S)


@pytest.mark.parametrize("path", [PATH, "/sandbox/postback/acme", "/click/spring"])
def test_without_its_backend_the_edge_answers_at_once(pair: Pair, promises: Promises, path: str) -> None:
    pair.backend.stop()
    with pair.edge.client() as client:
        asked_s = time.monotonic()
        assert client.get(path).status_code == 503

    promises.keep("answer of an edge without its backend", time.monotonic() - asked_s, 2)


def test_four_times_the_rate_for_ten_seconds(pair: Pair) -> None:
    """What passes is the rate and the burst, within 5 %: by nginx's clock and over all workers."""
    pair.backend.set_sources(source("acme", rate=RATE, burst=BURST), source("newer"))
    pair.edge.wait_for_source("newer")
    started_s, pause = time.monotonic(), Event()

    def send_on_time(sender: int) -> list[tuple[float, bool]]:
        sent = []
        with pair.edge.client() as client:
            for number in range(RATE * 4 * FOR_S // SENDERS):
                due_s = started_s + (number * SENDERS + sender) / (RATE * 4)
                pause.wait(max(0.0, due_s - time.monotonic()))
                sent.append((time.monotonic(), client.get(PATH).status_code == 200))
        return sent

    with ThreadPoolExecutor(SENDERS) as pool:
        sent = sorted(one for of_sender in pool.map(send_on_time, range(SENDERS)) for one in of_sender)

    passed, expected = sum(has_passed for _, has_passed in sent), count_passing([at_s for at_s, _ in sent])
    assert expected * 0.95 <= passed <= expected * 1.05


def count_passing(moments_s: list[float]) -> int:
    """How many of the requests at these moments the rate and the burst let pass, by a bucket that is full at first."""
    passing, held, before_s = 0, float(BURST), moments_s[0]
    for at_s in moments_s:
        held, before_s = min(BURST, held + (at_s - before_s) * RATE), at_s
        if held >= 1:
            passing, held = passing + 1, held - 1
    return passing


@contextmanager
def slow_http(edge: Edge, *options: str) -> Iterator[None]:
    """slowhttptest against the edge, which connects faster than it gives up: new connections come while old ones go."""
    command = ["slowhttptest", *options, "-c", "900", "-r", "150", "-l", "60", "-i", "2", "-x", "10"]
    attack = subprocess.Popen(
        [*command, "-u", edge.https_url + PATH], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        attack.kill()
        attack.wait(timeout=END_WITHIN_S)


def count_connections(edge: Edge) -> float:
    """All that the edge holds at this moment."""
    return sum(value for name, value in edge.metrics().items() if name.startswith("postledger_edge_connections"))


def time_answer(client: httpx.Client) -> float:
    asked_s = time.monotonic()
    assert client.get(PATH).status_code == 200
    return time.monotonic() - asked_s


@pytest.mark.parametrize("options", [["-H"], ["-B", "-s", "8192"]], ids=["headers", "body"])
def test_while_many_clients_are_slow_others_are_answered_at_once(
    pair: Pair, promises: Promises, options: list[str]
) -> None:
    """A request that waits for the slow ones waits until the edge gives up on them, five seconds."""
    durations_s: list[float] = []

    def are_enough_answered() -> bool:
        duration_s = time_answer(client)
        if count_connections(pair.edge) > SLOW_CLIENTS:
            durations_s.append(duration_s)
        return len(durations_s) == ASKED

    with slow_http(pair.edge, *options), pair.edge.client() as client:
        wait_until(are_enough_answered, 60, "answers while a hundred clients are slow")

    promises.keep(f"median answer beside slow {options[0]}", median(durations_s), 0.2)
