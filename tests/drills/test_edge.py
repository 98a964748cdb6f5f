"""The times that the edge promises by itself, before an echoing backend."""

import os
import signal
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
from tests.edge.conftest import NOT_OURS, Pair, impatient_edge
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import get, header, own_address, read_all, status, tls_connection
from tests.edge.workers import is_shutting_down
from tests.parts.edge import Edge
from tests.parts.part import END_WITHIN_S
from tests.parts.waiting import wait_until

PATH = "/tracking/postback/acme"
IN_FORCE_WITHIN_S = 3
LONG = [f"10.{number // 250}.{number % 250}.0/24" for number in range(8_000)]
TOLD = 2
WORKERS_MET = 16  # connections: enough that every worker has some of them
RATE, BURST, FOR_S, SENDERS = 40, 30, 10, 8
SLOW_CLIENTS, ASKED = 100, 20


@pytest.fixture
def pair() -> Iterator[Pair]:
    with EchoBackend() as backend, impatient_edge(backend) as edge:
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


def parts_with_a_word(edge: Edge, path: str, client: str) -> bool:
    """True when a busy client is asked to leave before the reload ends its connection, and is not cut off."""
    request = get(path).replace(b"Connection: close\r\n", b"")
    wait_until(lambda: not any(map(is_shutting_down, edge.worker_pids())))
    with tls_connection(edge, client) as busy:
        workers = edge.worker_pids()
        busy.sendall(request)
        answer = busy.recv(65536)
        os.kill(edge.pid, signal.SIGHUP)
        try:
            while header(answer, "Connection") == "keep-alive":
                busy.sendall(request)
                answer = busy.recv(65536)
        except OSError:  # cut off
            return False
        if any(map(is_shutting_down, workers)):
            return False
        return answer != b"" and (status(answer), header(answer, "Connection"), read_all(busy)) == (200, "close", b"")


@pytest.fixture(scope="module")
def reloading() -> Iterator[Edge]:
    """An edge without a limit for a client that asks as fast as it can, and with a path of a source's own."""
    with EchoBackend() as backend:
        backend.set_sources(source("acme", paths=["/own.php"]))
        environment = {"POSTLEDGER_NETWORK_RATE": "0"}
        with Edge(backend_socket=backend.socket, environment=environment, shipped_timeouts=True) as edge:
            yield edge


@pytest.mark.parametrize("path", [PATH, "/click/spring", "/healthz", "/own.php"])
def test_a_reload_asks_a_busy_client_to_leave_first(reloading: Edge, path: str) -> None:
    """nginx waits for a tenth of a second and then closes: on a busy machine that is not enough every time."""
    client, partings = own_address(), [False]

    def is_asked_again_and_again() -> bool:
        partings.append(parts_with_a_word(reloading, path, client))
        return partings.count(True) == TOLD

    wait_until(is_asked_again_and_again)

    wait_until(lambda: reloading.access_log(client=client) != [], what="a line of the access log")
    lines = reloading.access_log(client=client)
    assert len({(line["route"], line["source"], line["verdict"], line["reason"]) for line in lines}) == 1
