"""Who the client is: what the connection says, or the word of a load balancer that was named, and nobody else's."""

import json
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.edge.conftest import TALKATIVE, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.quota_clock import copy_with_quota_clock, set_quota_clock
from tests.edge.wire import body, exchange, get, read_all, status
from tests.parts.edge import Edge
from tests.parts.waiting import HANGS_AFTER_S

PATH = "/tracking/postback/acme"
PARTNER = "203.0.113.9"
BURST = 100  # at one per second nginx keeps a count for longer than any pause of a machine


def seen(answer: bytes) -> str:
    """The client address that the backend was told."""
    address: str = json.loads(body(answer))["headers"]["x-client-address"]
    return address


def through_proxy(edge: Edge, header: bytes, request: bytes) -> bytes:
    """Sends a PROXY protocol header before TLS begins."""
    context = edge.tls_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as plain:
        plain.sendall(header)
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(request)
            return read_all(connection)


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Behind a load balancer that sends X-Forwarded-For, with a source whose quota sees no time pass."""
    root = copy_with_quota_clock(tmp_path_factory.mktemp("root"))
    environment = {**TALKATIVE, "POSTLEDGER_TRUSTED_PROXIES": "127.0.0.0/8,198.51.100.0/24"}
    with EchoBackend() as backend:
        allow = [f"{PARTNER}/32", "2001:db8::/32"]
        backend.set_sources(source("acme"), source("partner", allow=allow, rate=1, burst=BURST))
        edge = Edge(backend_socket=backend.socket, environment=environment, root=root)
        set_quota_clock(edge, 1000)
        with edge:
            yield edge


def test_a_named_load_balancer_is_believed(balanced: Edge) -> None:
    assert seen(exchange(balanced, get(PATH, f"X-Forwarded-For: {PARTNER}"))) == PARTNER


def test_of_a_chain_the_last_address_that_is_not_a_load_balancers_counts(balanced: Edge) -> None:
    chain = f"X-Forwarded-For: 192.0.2.66, {PARTNER}, 198.51.100.7"

    assert seen(exchange(balanced, get(PATH, chain))) == PARTNER


@pytest.mark.parametrize("claim", ["nonsense", "", "999.1.1.1", '"><', "203.0.113.9.evil"])
def test_what_is_no_address_changes_nothing(balanced: Edge, claim: str) -> None:
    assert seen(exchange(balanced, get(PATH, f"X-Forwarded-For: {claim}"))) == "127.0.0.1"


def test_allowlist_and_quota_are_for_the_address_behind_the_load_balancer(balanced: Edge) -> None:
    def ask(address: str) -> int:
        return status(exchange(balanced, get("/tracking/postback/partner", f"X-Forwarded-For: {address}")))

    answers = [ask(address) for _ in range(BURST) for address in (PARTNER, f"::ffff:{PARTNER}")]

    assert answers == [200] * BURST + [429] * BURST, "both are one sender"
    assert ask("2001:db8::7") == 200
    assert ask("203.0.113.10") == 403
    assert status(exchange(balanced, get("/tracking/postback/partner"))) == 403


def test_without_configuration_nobody_is_believed(edge: Edge) -> None:
    assert seen(exchange(edge, get(PATH, f"X-Forwarded-For: {PARTNER}"))) == "127.0.0.1"


def test_a_load_balancer_that_was_not_named_is_not_believed(backend: EchoBackend) -> None:
    with edge_with(backend, POSTLEDGER_TRUSTED_PROXIES="198.51.100.0/24") as edge:
        assert seen(exchange(edge, get(PATH, f"X-Forwarded-For: {PARTNER}"))) == "127.0.0.1"


def test_proxy_protocol_says_who_the_client_is(backend: EchoBackend) -> None:
    environment = {"POSTLEDGER_TRUSTED_PROXIES": "127.0.0.1", "POSTLEDGER_PROXY_PROTOCOL": "on"}
    with edge_with(backend, **environment) as edge:
        header = f"PROXY TCP4 {PARTNER} 127.0.0.1 5555 443\r\n".encode()

        assert seen(through_proxy(edge, header, get(PATH, "X-Forwarded-For: 192.0.2.66"))) == PARTNER


def test_proxy_protocol_from_a_stranger_is_read_and_not_believed(backend: EchoBackend) -> None:
    environment = {"POSTLEDGER_TRUSTED_PROXIES": "198.51.100.7", "POSTLEDGER_PROXY_PROTOCOL": "on"}
    with edge_with(backend, **environment) as edge:
        header = f"PROXY TCP4 {PARTNER} 127.0.0.1 5555 443\r\n".encode()

        assert seen(through_proxy(edge, header, get(PATH))) == "127.0.0.1"
