"""Slow clients: they hold a connection of the edge for a while, and never a worker of the backend."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from tests.edge.wire import body, exchange, get, header, own_address, post, post_late, read_all, status, tls_connection
from tests.parts.edge import Edge, wait_until
from tests.parts.part import END_WITHIN_S
from tests.parts.stopwatch import Stopwatch

PATH = "/tracking/postback/acme"
SLOW_CLIENTS, ASKED = 100, 20  # the echoing backend has 8 threads
AT_ONCE_S = 0.2  # who waits for the slow ones waits until the edge has lost patience with them, five seconds
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def slow_http(edge: Edge, *options: str) -> Iterator[None]:
    """slowhttptest against the edge, faster at connecting than at anything else: new ones come while old ones go."""
    command = ["slowhttptest", *options, "-c", "900", "-r", "150", "-l", "60", "-i", "2", "-x", "10"]
    attack = subprocess.Popen(
        [*command, "-u", edge.https_url + PATH], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        attack.kill()
        attack.wait(timeout=END_WITHIN_S)


def connections(edge: Edge) -> float:
    """All that the edge holds at this moment."""
    return sum(value for name, value in edge.metrics().items() if name.startswith("postledger_edge_connections"))


@pytest.mark.parametrize("options", [["-H"], ["-B", "-s", "8192"]], ids=["headers", "body"])
def test_while_many_are_slow_others_are_served_at_once(
    own_edge: Edge, options: list[str], stopwatch: Stopwatch
) -> None:
    receipts: set[str] = set()
    durations_s: list[float] = []

    def are_enough_served() -> bool:
        before_s = stopwatch.now_s()
        answer = client.get(PATH)
        took_s = stopwatch.now_s() - before_s
        assert answer.status_code == 200
        receipts.add(answer.headers["x-request-id"])
        if connections(own_edge) > SLOW_CLIENTS:
            durations_s.append(took_s)
        return len(durations_s) == ASKED

    with slow_http(own_edge, *options), own_edge.client() as client:
        wait_until(are_enough_served)

    def lines_of_others() -> list[dict[str, Any]]:
        return [line for line in own_edge.access_log() if line["route"] != "ops" and line["receipt"] not in receipts]

    assert sorted(durations_s)[ASKED // 2] < AT_ONCE_S
    wait_until(lambda: len(lines_of_others()) > SLOW_CLIENTS)
    passed_on = [line for line in lines_of_others() if line["upstream_duration_s"] is not None]
    assert len(passed_on) < SLOW_CLIENTS // 4, "but for the probes by which slowhttptest sees whether we live"


HEAD = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n".encode()


BEGINNINGS = {
    "half": post(PATH, b"x" * 1000)[:-500],
    "nothing": HEAD + b"Content-Length: 5\r\n\r\n",
    "chunked": HEAD.replace(b"/tracking", b"/sandbox") + CHUNKED + b"5\r\nhello\r\n",
    "click": HEAD.replace(PATH.encode(), b"/click/spring") + b"Content-Length: 5\r\n\r\n",
    "no end of the headers": get(PATH)[:-2],
}
LENGTHS = {"of known length": {"Content-Length": "6"}, "of unknown length": {}}


class Slow(NamedTuple):
    """What comes back of each slow request: the edge waits for each for five seconds, so all are sent at once."""

    client: str
    answers: dict[str, Future[bytes]]
    answers_over_http2: dict[str, Future[httpx.Response]]


@pytest.fixture(scope="module")
def slow(edge: Edge) -> Iterator[Slow]:
    client = own_address()
    with ThreadPoolExecutor(len(BEGINNINGS) + len(LENGTHS) + 1) as pool:
        answers = {name: pool.submit(exchange, edge, beginning, client) for name, beginning in BEGINNINGS.items()}
        over_http2 = {
            name: pool.submit(post_late, edge, PATH, (b"abc", b"def"), headers, own_address())
            for name, headers in LENGTHS.items()
        }
        yield Slow(client, {**answers, "trickle": pool.submit(send_slowly, edge)}, over_http2)


@pytest.mark.parametrize("name", ["half", "nothing", "chunked", "click"])
def test_a_body_that_stops_is_answered_in_the_contracts_words(edge: Edge, slow: Slow, name: str) -> None:
    answer = slow.answers[name].result()

    receipt = header(answer, "X-Request-Id")
    assert status(answer) == 408
    assert json.loads(body(answer)) == {"status": "refused", "id": receipt, "reason": "timeout"}
    line = edge.log_line(receipt)
    assert (line["status"], line["reason"], line["upstream_duration_s"]) == (408, "timeout", None)


def test_a_body_that_trickles_in_is_no_better(slow: Slow) -> None:
    assert status(slow.answers["trickle"].result()) == 408


def send_slowly(edge: Edge) -> bytes:
    """A byte whenever there has been no answer for a while, thirty in all."""
    with tls_connection(edge) as connection:
        connection.settimeout(1)
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(30):
            try:
                return connection.recv(65536)
            except TimeoutError:
                connection.sendall(b"x")
    raise AssertionError("nobody lost patience")


def test_a_body_that_comes_in_pieces_and_in_time_is_taken(edge: Edge) -> None:
    whole = post(PATH, b"x" * 100_000)
    with tls_connection(edge) as connection:
        for start in range(0, len(whole), 20_000):
            connection.sendall(whole[start : start + 20_000])
        answer = read_all(connection)

    assert status(answer) == 200
    assert b'"body_bytes": 100000' in answer


@pytest.mark.parametrize("name", LENGTHS)
def test_over_http2_a_body_that_stops_is_answered_too(slow: Slow, name: str) -> None:
    answer = slow.answers_over_http2[name].result()

    assert (answer.http_version, answer.status_code, answer.json()["reason"]) == ("HTTP/2", 408, "timeout")


def test_headers_that_stop_are_given_up_without_an_answer(edge: Edge, slow: Slow) -> None:
    """nginx has none for a request that it could not read, and runs no Lua before it has."""
    assert slow.answers["no end of the headers"].result() == b""

    def lines() -> list[tuple[int, str, str]]:
        return [(line["status"], line["route"], line["reason"]) for line in edge.access_log(client=slow.client)]

    wait_until(lambda: (408, "postback", "") in lines())
