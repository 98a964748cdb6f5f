"""By which names the edge may be asked: its own and its certificate's, or given ones. Others hear nothing."""

import json
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import body, careless, exchange, get, own_address, read_all, shake_hands, status
from tests.edge.wire_http2 import ask
from tests.parts.edge import SELF_SIGNED, Edge, wait_until
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.waiting import HANGS_AFTER_S

PATH = "/tracking/postback/acme"
STRANGE = "evil.example"


def get_from(host: str, *headers: str) -> bytes:
    return get(PATH, *headers).replace(b"Host: localhost", f"Host: {host}".encode())


@pytest.mark.parametrize("name", ["localhost", "LocalHost", None])
def test_out_of_the_box_hands_are_shaken_for_this_machine_and_for_who_names_nobody(
    edge: Edge, name: str | None
) -> None:
    with shake_hands(edge, careless(), name) as connection:
        connection.sendall(get(PATH))

        assert status(read_all(connection)) == 200


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8443", "127.0.0.1", "127.0.0.1:8443", "[::1]:8443", "machine"]
)
def test_out_of_the_box_it_answers_to_this_machines_names(edge: Edge, host: str) -> None:
    host = socket.gethostname() if host == "machine" else host

    assert status(exchange(edge, get_from(host))) == 200


@pytest.mark.parametrize("name", [STRANGE, "localhost.evil.example", "xlocalhost"])
def test_a_name_that_is_not_ours_gets_no_handshake(edge: Edge, name: str) -> None:
    with pytest.raises(ssl.SSLError):
        shake_hands(edge, careless(), name)


@pytest.mark.parametrize(
    "request_bytes",
    [
        get_from(STRANGE),
        get_from("127.0.0.2"),
        get_from("localhost.evil.example"),
        get_from(STRANGE, "X-Long: " + "y" * 20_000),
        get_from(STRANGE, "Content-Length: x"),
        get_from(STRANGE, "Transfer-Encoding: gzip"),
        get_from(STRANGE, "Bad Header: 1"),
        get_from(STRANGE).replace(b"GET", b"BREW", 1),
        get_from(STRANGE, "Content-Length: 999999"),
        get(f"https://{STRANGE}{PATH}"),
    ],
)
def test_a_host_that_is_not_ours_hears_nothing_whatever_else_is_wrong(edge: Edge, request_bytes: bytes) -> None:
    client = own_address()

    assert exchange(edge, request_bytes, client) == b""

    wait_until(lambda: edge.access_log(client=client) != [])
    (line,) = edge.access_log(client=client)
    assert (line["route"], line["status"]) == ("other", 444)


@pytest.mark.parametrize(
    "request_bytes",
    [
        f"GET {PATH} HTTP/1.0\r\n\r\n".encode(),
        f"POST {PATH} HTTP/1.0\r\nContent-Length: 999999\r\n\r\n".encode(),
        f"BREW {PATH} HTTP/1.0\r\n\r\n".encode(),
        b"GET /healthz HTTP/1.0\r\n\r\n",
        f"GET {PATH}\r\n".encode(),
    ],
    ids=["HTTP/1.0", "too much", "no method", "health", "HTTP/0.9"],
)
def test_who_asks_for_no_name_hears_nothing(edge: Edge, request_bytes: bytes) -> None:
    client = own_address()

    assert exchange(edge, request_bytes, client) == b""

    wait_until(lambda: edge.access_log(client=client) != [])
    (line,) = edge.access_log(client=client)
    assert (line["route"], line["source"], line["status"]) == ("other", "", 444)


@pytest.mark.parametrize("host", [b"", b"Host:\r\n", b"Host: \r\n", b"Host: :8443\r\n"])
def test_to_leave_the_name_out_where_there_must_be_one_is_malformed(edge: Edge, host: bytes) -> None:
    answer = exchange(edge, get(PATH).replace(b"Host: localhost\r\n", host))

    assert (status(answer), json.loads(body(answer))["reason"]) == (400, "malformed")


def test_a_host_that_is_not_ours_hears_nothing_over_http2_either(edge: Edge) -> None:
    with edge.client(http2=True) as client:
        assert client.get(PATH).http_version == "HTTP/2"
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(PATH, headers={"Host": STRANGE})


@pytest.mark.parametrize(
    "headers",
    [
        [(":path", PATH), ("host", "localhost")],
        [(":path", PATH), ("host", STRANGE), ("host", STRANGE)],
        [(":path", "no-path")],
        [(":path", PATH), ("content-length", "999999")],
    ],
    ids=["another host", "two hosts", "no path", "too much"],
)
def test_in_http2_its_stream_is_ended_at_once_whatever_else_is_wrong(
    edge: Edge, headers: list[tuple[str, str]]
) -> None:
    """A stream that nobody ends has no time-out either: silent clients could hold their connections for ever."""
    heard = ask(edge, [(":method", "GET"), (":scheme", "https"), (":authority", STRANGE), *headers])

    assert (heard.end, heard.status) == ("reset", 0)


def test_a_host_that_is_not_ours_hears_nothing_without_tls_on_the_tls_port(edge: Edge) -> None:
    with socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as connection:
        connection.sendall(get_from(STRANGE))

        assert read_all(connection) == b""


def test_who_was_not_answered_is_in_the_log_and_in_the_metrics(own_edge: Edge) -> None:
    exchange(own_edge, get_from(STRANGE))

    wait_until(lambda: ("other", 444) in [(line["route"], line["status"]) for line in own_edge.access_log()])
    wait_until(lambda: own_edge.metrics().get('postledger_edge_requests_total{route="other",status="444"}') == 1)
    assert STRANGE not in (own_edge.prefix / "logs" / "access.log").read_text()


def test_plain_http_refuses_everybody_by_whatever_name(edge: Edge) -> None:
    assert httpx.get(edge.http_url, headers={"Host": STRANGE}, timeout=ANSWER_WITHIN_S).status_code == 403


def test_it_answers_to_the_names_that_its_certificate_is_for(backend: EchoBackend, tmp_path: Path) -> None:
    certificate, key = tmp_path / "edge.crt", tmp_path / "edge.key"
    names = "subjectAltName=DNS:Track.example,DNS:*.partner.example,IP:203.0.113.5"
    command = [*SELF_SIGNED[:-1], names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    variables = {"POSTLEDGER_TLS_CERTIFICATE": str(certificate), "POSTLEDGER_TLS_KEY": str(key)}
    with edge_with(backend, **variables) as edge:
        for name in ("track.example", "eu.partner.example", "localhost"):
            with shake_hands(edge, careless(), name) as connection:
                connection.sendall(get_from(name))
                assert status(read_all(connection)) == 200
        with shake_hands(edge, careless(), None) as connection:
            connection.sendall(get_from("203.0.113.5"))
            assert status(read_all(connection)) == 200
        with pytest.raises(ssl.SSLError):
            shake_hands(edge, careless(), STRANGE)


def test_names_that_were_given_are_the_only_ones(backend: EchoBackend) -> None:
    with edge_with(backend, POSTLEDGER_SERVER_NAMES="edge.example,*.more.example") as edge:
        for name in (STRANGE, "localhost", None):
            with pytest.raises(ssl.SSLError):
                shake_hands(edge, careless(), name)
        for name in ("edge.example", "a.more.example"):
            with shake_hands(edge, careless(), name) as connection:
                connection.sendall(get_from(name))
                assert status(read_all(connection)) == 200
        with shake_hands(edge, careless(), "edge.example") as connection:
            connection.sendall(get_from("localhost"))
            assert read_all(connection) == b""


def test_with_an_address_among_them_who_names_nobody_gets_his_handshake(backend: EchoBackend) -> None:
    with edge_with(backend, POSTLEDGER_SERVER_NAMES="edge.example,203.0.113.5") as edge:
        with shake_hands(edge, careless(), None) as connection:
            connection.sendall(get_from("203.0.113.5"))
            assert status(read_all(connection)) == 200
        with pytest.raises(ssl.SSLError):
            shake_hands(edge, careless(), STRANGE)


def test_a_host_name_as_long_as_there_can_be_does_not_stop_the_start(backend: EchoBackend) -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    with (
        edge_with(backend, POSTLEDGER_SERVER_NAMES=longest) as edge,
        shake_hands(edge, careless(), longest) as connection,
    ):
        connection.sendall(get_from(longest))
        assert status(read_all(connection)) == 200
