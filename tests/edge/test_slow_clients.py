"""Slow clients: they hold a connection of the edge for a while, and never a worker of the backend."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import pytest

from tests.edge.wire import body, exchange, get, header, own_address, post, post_late, read_all, status, tls_connection
from tests.parts.edge import Edge, wait_until

PATH = "/tracking/postback/acme"
SLOW_CLIENTS, ASKED = 50, 20  # the echoing backend has 8 threads
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


HEAD = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n".encode()


BEGINNINGS = {
    "half": post(PATH, b"x" * 1000)[:-500],
    "nothing": HEAD + b"Content-Length: 5\r\n\r\n",
    "chunked": HEAD.replace(b"/tracking", b"/sandbox") + CHUNKED + b"5\r\nhello\r\n",
    "click": HEAD.replace(PATH.encode(), b"/click/spring") + b"Content-Length: 5\r\n\r\n",
    "no end of the headers": get(PATH)[:-2],
}
STALLED = {"headers": get(PATH)[:-2], "body": post(PATH, b"x" * 1000)[:-500]}
# OpenResty leaves a body of unknown length to nginx, which ends the stream later and without an answer (docs/edge.md).
ANSWERED = ["of known length"] if shutil.which("openresty") else ["of known length", "of unknown length"]
LENGTHS = {"of known length": {"Content-Length": "6"}, "of unknown length": {}}


@pytest.mark.parametrize("stalled", STALLED.values(), ids=STALLED)
def test_while_many_clients_are_slow_others_are_served(edge: Edge, stalled: bytes) -> None:
    """And none of the slow ones reaches the backend, whose threads they would hold. How fast: see the drills."""
    slow = own_address()
    with ExitStack() as stack:
        for _ in range(SLOW_CLIENTS):
            stack.enter_context(tls_connection(edge, slow)).sendall(stalled)
        with edge.client() as client:
            assert [client.get(PATH).status_code for _ in range(ASKED)] == [200] * ASKED

    wait_until(lambda: len(edge.access_log(client=slow)) == SLOW_CLIENTS)
    assert {line["upstream_duration_s"] for line in edge.access_log(client=slow)} == {None}


class Slow(NamedTuple):
    """What comes back of each slow request: the edge waits for each for five seconds, so all are sent at once."""

    client: str
    answers: dict[str, Future[bytes]]
    answers_over_http2: dict[str, Future[httpx.Response]]


@pytest.fixture(scope="module", autouse=True)
def slow(impatient: Edge) -> Iterator[Slow]:
    client = own_address()
    with ThreadPoolExecutor(len(BEGINNINGS) + len(LENGTHS) + 1) as pool:
        answers = {name: pool.submit(exchange, impatient, beginning, client) for name, beginning in BEGINNINGS.items()}
        over_http2 = {
            name: pool.submit(post_late, impatient, PATH, (b"abc", b"def"), headers, own_address())
            for name, headers in LENGTHS.items()
        }
        yield Slow(client, {**answers, "trickle": pool.submit(send_slowly, impatient)}, over_http2)


@pytest.mark.parametrize("name", ["half", "nothing", "chunked", "click"])
def test_a_body_that_stops_is_answered_in_the_contracts_words(impatient: Edge, slow: Slow, name: str) -> None:
    answer = slow.answers[name].result()

    receipt = header(answer, "X-Request-Id")
    assert status(answer) == 408
    assert json.loads(body(answer)) == {"status": "refused", "id": receipt, "reason": "timeout"}
    line = impatient.log_line(receipt)
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


@pytest.mark.parametrize("name", ANSWERED)
def test_over_http2_a_body_that_stops_is_answered_too(slow: Slow, name: str) -> None:
    answer = slow.answers_over_http2[name].result()

    assert (answer.http_version, answer.status_code, answer.json()["reason"]) == ("HTTP/2", 408, "timeout")


def test_headers_that_stop_are_given_up_without_an_answer(impatient: Edge, slow: Slow) -> None:
    """nginx has none for a request that it could not read, and runs no Lua before it has."""
    assert slow.answers["no end of the headers"].result() == b""

    def lines() -> list[tuple[int, str, str]]:
        return [(line["status"], line["route"], line["reason"]) for line in impatient.access_log(client=slow.client)]

    wait_until(lambda: (408, "postback", "") in lines())
