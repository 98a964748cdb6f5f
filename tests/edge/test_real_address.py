"""Who the client is: what the connection says, or the word of a load balancer that was named, and nobody else's."""

import json
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import body, exchange, get, read_all, status
from tests.parts.edge import Edge, wait_until

PATH = "/tracking/postback/acme"
PARTNER = "203.0.113.9"
BURST = 20


def seen(answer: bytes) -> str:
    """The client address that the backend was told."""
    address: str = json.loads(body(answer))["headers"]["x-client-address"]
    return address


def through_proxy(edge: Edge, header: bytes, request: bytes) -> bytes:
    """Sends a PROXY protocol header before TLS begins."""
    context = edge.tls_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", edge.https_port), timeout=30) as plain:
        plain.sendall(header)
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(request)
            return read_all(connection)


@pytest.fixture
def balanced(own_backend: EchoBackend) -> Iterator[Edge]:
    """Behind a load balancer that says X-Forwarded-For."""
    with edge_with(own_backend, POSTLEDGER_TRUSTED_PROXIES="127.0.0.0/8,198.51.100.0/24") as edge:
        yield edge


def test_a_named_load_balancer_is_believed(balanced: Edge) -> None:
    assert seen(exchange(balanced, get(PATH, f"X-Forwarded-For: {PARTNER}"))) == PARTNER


def test_of_a_chain_the_last_address_that_is_not_a_load_balancers_counts(balanced: Edge) -> None:
    chain = f"X-Forwarded-For: 192.0.2.66, {PARTNER}, 198.51.100.7"

    assert seen(exchange(balanced, get(PATH, chain))) == PARTNER


@pytest.mark.parametrize("claim", ["nonsense", "", "999.1.1.1", '"><', "203.0.113.9.evil"])
def test_what_is_no_address_changes_nothing(balanced: Edge, claim: str) -> None:
    assert seen(exchange(balanced, get(PATH, f"X-Forwarded-For: {claim}"))) == "127.0.0.1"


def test_allowlist_and_quota_are_for_the_address_behind_the_load_balancer(
    balanced: Edge, own_backend: EchoBackend
) -> None:
    own_backend.set_sources(source("acme", allow=[f"{PARTNER}/32", "2001:db8::/32"], rate=1, burst=BURST))

    def ask(address: str) -> int:
        return status(exchange(balanced, get(PATH, f"X-Forwarded-For: {address}")))

    wait_until(lambda: status(exchange(balanced, get(PATH))) == 403)
    started_s = time.monotonic()
    answers = [ask(address) for _ in range(BURST) for address in (PARTNER, f"::ffff:{PARTNER}")]
    given_back = int(time.monotonic() - started_s) + 1  # at most, while they were sent: one a second

    assert set(answers) == {200, 429}
    assert BURST <= answers.count(200) <= BURST + given_back, "both are one sender"
    assert ask("2001:db8::7") == 200
    assert ask("203.0.113.10") == 403


def test_without_configuration_nobody_is_believed(edge: Edge) -> None:
    assert seen(exchange(edge, get(PATH, f"X-Forwarded-For: {PARTNER}"))) == "127.0.0.1"


def test_a_load_balancer_that_was_not_named_is_not_believed(own_backend: EchoBackend) -> None:
    with edge_with(own_backend, POSTLEDGER_TRUSTED_PROXIES="198.51.100.0/24") as edge:
        assert seen(exchange(edge, get(PATH, f"X-Forwarded-For: {PARTNER}"))) == "127.0.0.1"


def test_proxy_protocol_says_who_the_client_is(own_backend: EchoBackend) -> None:
    environment = {"POSTLEDGER_TRUSTED_PROXIES": "127.0.0.1", "POSTLEDGER_PROXY_PROTOCOL": "on"}
    with edge_with(own_backend, **environment) as edge:
        header = f"PROXY TCP4 {PARTNER} 127.0.0.1 5555 443\r\n".encode()

        assert seen(through_proxy(edge, header, get(PATH, "X-Forwarded-For: 192.0.2.66"))) == PARTNER


def test_proxy_protocol_from_a_stranger_is_read_and_not_believed(own_backend: EchoBackend) -> None:
    environment = {"POSTLEDGER_TRUSTED_PROXIES": "198.51.100.7", "POSTLEDGER_PROXY_PROTOCOL": "on"}
    with edge_with(own_backend, **environment) as edge:
        header = f"PROXY TCP4 {PARTNER} 127.0.0.1 5555 443\r\n".encode()

        assert seen(through_proxy(edge, header, get(PATH))) == "127.0.0.1"
