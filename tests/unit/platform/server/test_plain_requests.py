"""Plain requests and gunicorn's own reading: what is read as plain, gunicorn reads in the same way."""

import logging
import random
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from gunicorn import http
from gunicorn.config import Config

from postledger.platform.server import wsgi_exchange
from postledger.platform.server.gunicorn_worker import Worker
from postledger.platform.server.plain_requests import RECEIVE_BYTES, read_plain

BASE = {"wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1"}
HOST = b"Host: postledger\r\n"
RECEIPT = b"X-Request-Id: 0198c0de-0000-7000-8000-000000000000\r\n"


def get(target: bytes = b"/tracking/postback?source=acme", *fields: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET %b %b\r\n" % (target, version) + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def post(body: bytes, *fields: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"POST /tracking/postback/acme HTTP/1.1\r\n" + b"\r\n".join((length, *fields)) + b"\r\n\r\n" + body


PLAIN = [
    get(),
    get(b"/"),
    get(b"/a%2Fb%C3%A4;x=1:2?x=%zz&y=[1]"),
    get(b"/tracking/postback?a=1?b=2"),
    get(b"/a", b"X-Client-Address: 192.0.2.1", b"User-Agent:  Partner/1 \xe4\xf6 ", b"Content-Type: text/plain"),
    get(b"/a", b"X-Empty:"),
    get(b"/a", b"Connection: keep-alive"),
    get(b"/a", b"Content-Length: 0"),
    get().replace(b"GET", b"HEAD"),
    post(b"a=1&b=2", b"Content-Type: application/x-www-form-urlencoded"),
    post(b'{"a": "\xc3\xa4"}', b"Content-Type: application/json", b"Content-Encoding: gzip"),
    post(b""),
    get().replace(b"\r\n", b"\n"),
]
NOT_PLAIN = [
    b"",
    b"\r\n",
    get()[:-1],
    get() + get(),
    get() + b"x",
    get(version=b"HTTP/1.0"),
    get(version=b"HTTP/2.0"),
    get(b"//evil.example/a"),
    get(b"http://evil.example/a"),
    get(b"*"),
    get(b"/a#b"),
    get(b"/a\x00"),
    get(b"/a\xe4"),
    get(b"/a b"),
    get().replace(b"GET", b"get"),
    get().replace(b"GET", b"PUT"),
    get().replace(b"GET", b"G\x00T"),
    get(b"/a", b"Host: other"),
    get(b"/a", b"X-Request-Id: 1", b"X-Request-Id: 2"),
    get(b"/a", b"X_Request_Id: 1"),
    get(b"/a", b"X-Request-Id : 1"),
    get(b"/a", b"Connection: close"),
    get(b"/a", b"Connection: keep-alive, Upgrade", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    get(b"/a", b"Expect: 100-continue"),
    get(b"/a", b"X-Forwarded-Proto: https"),
    get(b"/a", b" folded: 1"),
    get(b"/a", b"X-Bad: 1\x002"),
    get(b"/a", b"X-Bad: 1\r2"),
    post(b"a=1", b"Transfer-Encoding: chunked"),
    post(b"0\r\n\r\n", b"Transfer-Encoding: chunked").replace(b"Content-Length: 5\r\n", b""),
    post(b"a=1", b"Content-Length: 3"),
    post(b"a=1").replace(b": 3", b": 2"),
    post(b"a=1").replace(b": 3", b": 4"),
    post(b"a=1").replace(b": 3", b": +3"),
    post(b"a=1").replace(b": 3", b": 03"),
    post(b"a=1").replace(b": 3", b": 3, 3"),
    post(b"a=1").replace(b": 3", b": \xb3"),
    post(b"a=1").replace(b": 3", b": 0x3"),
    post(b"a=1").replace(b"Content-Length: 3\r\n", b""),
    get(b"/a", *[b"X-%d: 1" % number for number in range(300)]),
]


def parse(octets: bytes) -> tuple[dict[str, Any], bytes, bool]:
    """What gunicorn reads: the environment, the body, and whether the connection holds more."""
    cfg = Config()
    settings = {
        "http_parser": "fast", "limit_request_line": 0, "limit_request_field_size": 65536, "limit_request_fields": 256
    }  # fmt: skip
    for name, value in settings.items():
        cfg.set(name, value)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(octets)
        theirs.shutdown(socket.SHUT_WR)
        parser = http.get_parser(cfg, ours, "")
        request: Any = next(parser)
        assert not request.should_close()
        environment = wsgi_exchange._make_environment(BASE, request)
        body = request.body.read()
        return environment, body, next(parser, None) is not None


def agree(octets: bytes) -> bool:
    """Whether the request is plain; then gunicorn reads the very same."""
    found = read_plain(BASE, octets)
    if found is None:
        return False
    environment, body, has_more = parse(octets)
    for each in (found, environment):
        del each[wsgi_exchange.STARTED_S]
    assert found.pop("wsgi.input").read() == body
    assert found == {name: value for name, value in environment.items() if name != "wsgi.input"}
    assert not has_more
    return True


@pytest.mark.parametrize("octets", PLAIN)
def test_a_plain_request_is_read_as_gunicorn_reads_it(octets: bytes) -> None:
    assert agree(octets)


@pytest.mark.parametrize("octets", NOT_PLAIN)
def test_any_other_request_is_left_to_gunicorn(octets: bytes) -> None:
    assert read_plain(BASE, octets) is None


@pytest.mark.parametrize("seed", range(20))
def test_damaged_requests_are_read_alike_or_left_to_gunicorn(seed: int) -> None:
    """Bytes are changed, removed, doubled and moved; parts of other requests are put between."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    plain = sum(agree(damage(chance, chance.choice(PLAIN))) for _ in range(400))

    assert 0 < plain < 400


ODD = (b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"_", b"#", b"//", b"%", b"\xff", b"Content-Length: 1\r\n")


def damage(chance: random.Random, octets: bytes) -> bytes:
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(octets))
        end = chance.randint(start, min(len(octets), start + 6))
        put = chance.choice((b"", chance.choice(ODD), octets[start:end] * 2, bytes([chance.randrange(256)])))
        octets = (octets[:start] + put + octets[end:]) or b"\n"
    return octets


class Ends:
    """The socket of a client that sends in these pieces, then closes; `sent` is what it got."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces, self.sent, self.is_closed = pieces, b"", False

    def recv(self, most: int) -> bytes:
        piece = self._pieces.pop(0) if self._pieces else b""
        if len(piece) > most:
            self._pieces.insert(0, piece[most:])
        return piece[:most]

    def send(self, octets: bytes) -> int:
        self.sent += octets
        return len(octets)

    sendall = send

    def gettimeout(self) -> float:
        return 0.0

    def setblocking(self, _: bool) -> None: ...

    def close(self) -> None:
        self.is_closed = True


class Listener:
    def getsockname(self) -> str:
        return "/run/backend.sock"


def echo(environment: dict[str, Any], start: Any) -> list[bytes]:
    body = b"%b %b" % (environment["RAW_URI"].encode(), environment["wsgi.input"].read())
    start("200 OK", [("content-length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    cfg = Config()
    for name, value in {"http_parser": "fast", "keepalive": 75, "worker_connections": 10}.items():
        cfg.set(name, value)
    worker: Any = Worker(0, 0, [], None, 30, cfg, None)
    worker.wsgi, worker.nr, worker.max_requests = echo, 0, 10**9
    worker._bases = {"/run/backend.sock": wsgi_exchange.make_base_environment(cfg, "/run/backend.sock")}
    worker.log = logging.getLogger("test")
    yield worker
    worker.tmp.close()


def serve(worker: Worker, *pieces: bytes) -> bytes:
    """What a client gets that sends these pieces."""
    client = Ends([piece for piece in pieces if piece])
    gevent.spawn(worker.handle, Listener(), client, "").get()
    assert client.is_closed
    return client.sent


TWO = post(b"a=1", RECEIPT[:-2]) + get(b"/second?b=2", RECEIPT[:-2])
ANSWERS = [b"/tracking/postback/acme a=1", b"/second?b=2 "]


@pytest.mark.parametrize("at", range(len(TWO) + 1))
def test_requests_that_are_split_anywhere_get_the_same_answers(worker: Worker, at: int) -> None:
    sent = serve(worker, TWO[:at], TWO[at:])

    assert [part.partition(b"\r\n\r\n")[2] for part in sent.split(b"HTTP/1.1 200 OK")[1:]] == ANSWERS


def test_a_request_larger_than_one_read_is_answered(worker: Worker) -> None:
    body = b"x" * (2 * RECEIVE_BYTES)

    assert serve(worker, post(body)).endswith(body)


def test_what_cannot_be_parsed_is_refused_after_plain_requests(worker: Worker) -> None:
    sent = serve(worker, get(b"/first"), b"G\0T / HTTP/1.1\r\n" + RECEIPT + b"\r\n", get(b"/never"))

    assert sent.count(b"HTTP/1.1") == 2
    assert b"400 Bad Request" in sent
    assert b"0198c0de-0000-7000-8000-000000000000" in sent
    assert b"/never" not in sent


def test_a_client_that_says_nothing_gets_nothing(worker: Worker) -> None:
    assert serve(worker) == b""
