"""No path through the edge leaves a sender's words in a log, a file or the error output.

Each case sends the same canaries where payouts, signatures, secrets and addresses travel, makes sure that nginx had
something to say about it, and then reads everything that the edge has written. The edge logs at `info`, the most that
it accepts.
"""

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.edge.authority import Authority
from tests.edge.conftest import TALKATIVE
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import (
    careless,
    connect,
    exchange,
    get,
    own_address,
    post,
    post_late,
    read_all,
    shake_hands,
    status,
    tls_connection,
)
from tests.parts.edge import Edge, wait_until
from tests.parts.patience import copy_patient

CANARY = "CANARY7f3a"
QUERY = f"?payout={CANARY}&sig={CANARY}&%70ayout={CANARY}"
PATH = f"/tracking/postback/{CANARY}"
HEADERS = (f"Referer: https://{CANARY}.example/?s={CANARY}", f"User-Agent: {CANARY}", f"X-Any: {CANARY}")


def everything_written(edge: Edge) -> dict[Path, bytes]:
    """Every file below the edge's folder but the linked, shipped ones: logs, output, spilled bodies, runtime files."""
    return {path: path.read_bytes() for path in edge.prefix.rglob("*") if path.is_file()}


def assert_nothing_leaked(edge: Edge) -> None:
    leaking = [str(path) for path, content in everything_written(edge).items() if CANARY.encode() in content]
    assert leaking == []


class Said:
    """What the edge says about one client. A case would prove nothing if nginx had not reported the very thing."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.client = own_address()
        self._before = len(edge.errors_about(self.client))

    def expect(self, words: str) -> None:
        wait_until(lambda: words in "".join(self._edge.errors_about(self.client)[self._before :]), what=words)

    def expect_logged(self, **values: object) -> None:
        wait_until(lambda: any(values.items() <= line.items() for line in self._edge.access_log(client=self.client)))


class Late(NamedTuple):
    """What the edge says about a client, and the answer that comes when the edge gives up."""

    said: Said
    answer: Future[bytes]


@pytest.fixture(scope="module", autouse=True)
def late(impatient: Edge) -> Iterator[dict[str, Late]]:
    """Exchanges on which the edge gives up after five seconds: all begin at once, before the other tests."""
    slow_body = post(PATH + QUERY, CANARY.encode() * 100, *HEADERS)[:-5]
    begin = {
        "backend": lambda client: exchange(impatient, get(f"{PATH}/never{QUERY}", *HEADERS), client),
        "body": lambda client: exchange(impatient, slow_body, client),
        "body over HTTP/2": lambda client: post_slowly(impatient, client),
    }
    with ThreadPoolExecutor(len(begin)) as pool:
        saids = {name: Said(impatient) for name in begin}
        yield {name: Late(said, pool.submit(begin[name], said.client)) for name, said in saids.items()}


def post_slowly(edge: Edge, client: str) -> bytes:
    """The answer over HTTP/2 to a body that stops, as the bytes that HTTP/1.1 would have."""
    halves = (CANARY.encode(), CANARY.encode())
    answer = post_late(edge, PATH + QUERY, halves, {"Content-Length": "999", "referer": CANARY}, client)
    return f"HTTP/2 {answer.status_code} {answer.headers}\r\n\r\n{answer.text}".encode()


def test_an_accepted_postback(edge: Edge) -> None:
    said = Said(edge)
    exchange(edge, get(PATH + QUERY, *HEADERS), said.client)
    exchange(edge, post(PATH, f"payout={CANARY}".encode(), *HEADERS, f"Content-Type: {CANARY}/x"), said.client)

    said.expect_logged(status=200)
    assert_nothing_leaked(edge)


def test_an_unknown_path(edge: Edge) -> None:
    said = Said(edge)
    exchange(edge, get(f"/{CANARY}{QUERY}", *HEADERS), said.client)

    said.expect_logged(status=404)
    assert_nothing_leaked(edge)


def test_a_host_that_is_not_ours(edge: Edge) -> None:
    said = Said(edge)
    request = get(PATH + QUERY, *HEADERS).replace(b"Host: localhost", f"Host: {CANARY}.example".encode())

    assert exchange(edge, request, said.client) == b""
    said.expect_logged(status=444)
    assert_nothing_leaked(edge)


def test_a_name_that_is_not_ours_in_a_tls_greeting(edge: Edge) -> None:
    said = Said(edge)

    with pytest.raises(ssl.SSLError):
        shake_hands(edge, careless(), f"{CANARY}.example", said.client)

    said.expect("while SSL handshaking")
    assert_nothing_leaked(edge)


def test_backend_down(lonely: Edge) -> None:
    said = Said(lonely)

    exchange(lonely, get(PATH + QUERY, *HEADERS), said.client)
    exchange(lonely, post(PATH, CANARY.encode() * 100, *HEADERS), said.client)

    said.expect("while connecting to upstream")
    assert_nothing_leaked(lonely)


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        ("die-before-answer", 503, "upstream prematurely closed connection while reading response header"),
        ("die-mid-answer", 200, "upstream prematurely closed connection while reading upstream"),
    ],
)
def test_a_backend_that_fails_in_the_middle(edge: Edge, ending: str, code: int, words: str) -> None:
    said = Said(edge)

    answer = exchange(edge, get(f"{PATH}/{ending}{QUERY}", *HEADERS), said.client)

    assert status(answer) == code
    assert CANARY.encode() not in answer
    said.expect(words)
    assert_nothing_leaked(edge)


def test_a_backend_that_never_answers(impatient: Edge, late: dict[str, Late]) -> None:
    answer = late["backend"].answer.result()

    assert status(answer) == 503
    assert CANARY.encode() not in answer
    late["backend"].said.expect("upstream timed out")
    assert_nothing_leaked(impatient)


OVER_LARGE = post(PATH + QUERY, CANARY.encode() * 20_000, *HEADERS)
CHUNK = b"10000\r\n" + CANARY.encode() * 6553 + b"......\r\n"
HEAD = f"POST {PATH}{QUERY} HTTP/1.1\r\nHost: localhost\r\n".encode()


@pytest.mark.parametrize(
    ("request_bytes", "words"),
    [
        (OVER_LARGE, "client intended to send too large body"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 3, "client intended to send too large chunked body"),
        (get(f'{PATH}?"quote"={CANARY}&x="{CANARY}"'), None),
        (get(f"{PATH}?x=".encode() + b'\xff"\xfe' + CANARY.encode()), None),
        (get(f"/{CANARY}%zz"), "client sent invalid request"),
        (get(PATH + QUERY, f"Bad Header {CANARY}: {CANARY}"), "client sent invalid header line"),
        (get(PATH + QUERY, f"Bad_Header_{CANARY}: {CANARY}"), "client sent invalid header line"),
        (get(PATH + QUERY, f"X-Long: {CANARY * 3000}"), "client sent too long header line"),
        (get(f"{PATH}?x={CANARY * 3000}"), "client sent too long URI"),
        (get(PATH + QUERY, f"Host: {CANARY}"), "client sent duplicate host header"),
        (get(PATH).replace(b"Host: localhost", f"Host: {CANARY}/..\x01".encode()), "client sent invalid host header"),
        (HEAD + f"Content-Length: {CANARY}\r\n\r\n".encode(), "client sent invalid "),
        (HEAD + f"Transfer-Encoding: {CANARY}\r\n\r\n".encode(), "client sent unknown "),
        (HEAD + f"Transfer-Encoding: chunked\r\n\r\n{CANARY}\r\n".encode(), "client sent invalid chunked body"),
        (f"GET {PATH} HTTP/{CANARY}\r\n\r\n".encode(), "client sent invalid request"),
        (f"{CANARY.upper()} {PATH}{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), "client sent invalid method"),
    ],
)
def test_a_request_that_is_refused_while_it_is_read(edge: Edge, request_bytes: bytes, words: str | None) -> None:
    said = Said(edge)
    exchange(edge, request_bytes, said.client)

    said.expect_logged()
    if words is not None:
        said.expect(words)
    assert_nothing_leaked(edge)


def test_an_unknown_method_is_only_other_in_the_log(edge: Edge) -> None:
    said = Said(edge)

    exchange(edge, get(PATH).replace(b"GET", b"CANARY", 1), said.client)

    said.expect_logged(method="other", status=405)
    assert b"CANARY" not in b"".join(everything_written(edge).values())


@pytest.mark.parametrize(
    "beginning",
    [
        HEAD + b"Content-Length: 1000\r\n\r\n" + CANARY.encode(),
        get(f"{PATH}/never{QUERY}", *HEADERS),
        f"GET {PATH}{QUERY}".encode(),
    ],
    ids=["while sending", "while waiting", "in the request line"],
)
def test_a_client_that_hangs_up(edge: Edge, beginning: bytes) -> None:
    said = Said(edge)

    with tls_connection(edge, said.client) as connection:
        connection.sendall(beginning)

    said.expect("client prematurely closed connection")
    assert_nothing_leaked(edge)


def test_http2(lonely: Edge) -> None:
    said = Said(lonely)
    headers = {"referer": CANARY, "user-agent": CANARY, "x_any": CANARY, "x-long": CANARY * 3000}
    with lonely.client(http2=True, address=said.client) as client:
        client.get(PATH + QUERY, headers={"referer": CANARY})
        client.post(PATH, content=CANARY, headers={"Content-Length": "999999"})
        client.get(PATH + QUERY, headers={"x_any": CANARY})
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(PATH + QUERY, headers=headers)

    said.expect("client intended to send too large body")
    said.expect("while connecting to upstream")
    assert_nothing_leaked(lonely)


def test_plain_http_on_the_tls_port(edge: Edge) -> None:
    said = Said(edge)
    with connect(edge.https_port, said.client) as connection:
        connection.sendall(get(PATH + QUERY, *HEADERS))
        assert CANARY.encode() not in read_all(connection)

    said.expect("client sent plain HTTP request to HTTPS port")
    assert_nothing_leaked(edge)


@pytest.mark.parametrize("request_bytes", [get(PATH + QUERY, *HEADERS), f"GET /{CANARY}%zz HTTP/1.1\r\n\r\n".encode()])
def test_plain_http(edge: Edge, request_bytes: bytes) -> None:
    said = Said(edge)
    with connect(edge.http_port, said.client) as connection:
        connection.sendall(request_bytes)
        assert CANARY.encode() not in read_all(connection)

    said.expect_logged(status=403)
    assert_nothing_leaked(edge)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_name_in_a_tls_greeting(edge: Edge) -> None:
    said = Said(edge)
    context = careless()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or OpenSSL itself would not offer the old version
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError):
        shake_hands(edge, context, f"{CANARY}.example", said.client)

    said.expect("while SSL handshaking")
    assert_nothing_leaked(edge)


@pytest.fixture(scope="module")
def strict() -> Iterator[Edge]:
    """An edge with sources that refuse, each for a reason of its own, and that asks for client certificates."""
    authority = Authority("CN=nobody here")
    with EchoBackend() as backend:
        backend.set_sources(
            source("acme"),
            source("closed", allow=["192.0.2.0/24"]),
            source("hurried", rate=1, burst=0),
            source("certified", client_ca=authority.pem),
        )
        environment = {**TALKATIVE, "POSTLEDGER_CLIENT_CERTIFICATES": "on"}
        with Edge(backend_socket=backend.socket, environment=environment) as edge:
            yield edge


def loud(slug: str, *headers: str) -> bytes:
    return get(f"/tracking/postback/{slug}{QUERY}", *HEADERS, *headers)


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (loud("acme", f"Content-Length: {CANARY}"), 400),
        (loud("acme#" + CANARY), 400),
        (loud("closed"), 403),
        (loud("certified"), 403),
        (get(f"/{CANARY}{QUERY}", *HEADERS), 404),
        (loud("acme").replace(b"GET", b"CANARY", 1), 405),
        (post(f"/tracking/postback/acme{QUERY}", CANARY.encode() * 20_000, *HEADERS), 413),
        (get(f"/tracking/postback/acme?x={CANARY * 3000}", *HEADERS), 414),
        (loud("hurried"), 429),
        (loud("acme", f"X-Long: {CANARY * 3000}"), 431),
        (get(f"/tracking/postback/acme/die-before-answer{QUERY}", *HEADERS), 503),
    ],
)
def test_each_error_page(strict: Edge, request_bytes: bytes, code: int) -> None:
    said = Said(strict)
    answers: list[bytes] = []

    def is_refused() -> bool:
        """Of who is too fast only the second within a second is."""
        answers.append(exchange(strict, request_bytes, said.client))
        return status(answers[-1]) == code

    wait_until(is_refused)
    assert CANARY.encode() not in answers[-1]
    said.expect_logged(status=code)
    assert_nothing_leaked(strict)


@pytest.mark.parametrize("left", [timedelta(days=30), timedelta(days=-1)], ids=["of-a-stranger", "ended"])
def test_a_client_certificate_that_is_not_accepted(strict: Edge, tmp_path: Path, left: timedelta) -> None:
    said = Said(strict)
    context = strict.tls_context()
    context.load_cert_chain(*Authority(f"CN={CANARY} authority,O={CANARY}").issue(CANARY, left).files(tmp_path))
    with shake_hands(strict, context, client=said.client) as connection:
        connection.sendall(loud("certified"))
        assert b'"reason":"client_certificate"' in read_all(connection)

    said.expect_logged(status=403, reason="client_certificate")
    assert_nothing_leaked(strict)


def test_tls_that_breaks_off_or_is_none(edge: Edge) -> None:
    said = Said(edge)
    for beginning in (
        b"\x16\x03\x01\x00\xff" + CANARY.encode() * 20,
        b"\x80" + CANARY.encode(),
        b"\x15\x03\x03\x00\x02",
    ):
        with connect(edge.https_port, said.client) as connection, suppress(OSError):  # where the edge hangs up first
            connection.sendall(beginning)
            connection.shutdown(socket.SHUT_WR)
            read_all(connection)

    said.expect("SSL_do_handshake() failed")
    assert_nothing_leaked(edge)


@pytest.mark.parametrize(("name", "http"), [("body", "1.1"), ("body over HTTP/2", "2")])
def test_a_slow_body(impatient: Edge, late: dict[str, Late], name: str, http: str) -> None:
    answer = late[name].answer.result()

    assert status(answer) == 408
    assert CANARY.encode() not in answer
    late[name].said.expect_logged(status=408, http=http)
    assert_nothing_leaked(impatient)


def test_a_bug_in_lua(backend: EchoBackend, tmp_path: Path) -> None:
    """The shipped files have none, so a copy of them gets one."""
    copy_patient(tmp_path)
    module = tmp_path / "edge" / "lua" / "postledger" / "receipt.lua"
    module.write_text(module.read_text().replace("uuid7.write(", "uuid7.no_such_function("))

    with Edge(backend_socket=backend.socket, root=tmp_path) as broken:
        broken.expected_alarms.append("stack traceback|coroutine 0|no_such_function")
        exchange(broken, get(PATH + QUERY, *HEADERS))

        wait_until(lambda: "attempt to call field 'no_such_function'" in broken.error_output())
        assert_nothing_leaked(broken)
