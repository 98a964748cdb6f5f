"""OCSP stapling, asked of a real responder: the edge tells a client that its certificate is not revoked."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge.authority import Authority, Holder
from tests.edge.conftest import TALKATIVE
from tests.edge.echo_backend import EchoBackend
from tests.edge.responder import NameServer, Responder, ask_for_status_at, may_sign_statuses, silent_listener
from tests.edge.wire import exchange, get, status
from tests.parts.edge import Edge, wait_until
from tests.parts.stopwatch import Stopwatch

STAPLED, BARE = "OCSP Response Status: successful", "OCSP response: no response sent"
AT_ONCE_S = 8  # nginx would wait for half a minute or a whole one
ANY, ECDSA, RSA = "DEFAULT", "ECDHE+aECDSA", "ECDHE+aRSA"


@pytest.fixture
def root() -> Authority:
    """One that no file of the edge holds: clients have it."""
    return Authority("CN=Root")


@pytest.fixture
def authority(root: Authority) -> Authority:
    """What issues the edge's certificates."""
    return Authority("CN=Intermediate", root)


@contextmanager
def edge_with(backend: EchoBackend, root: Authority, folder: Path, **environment: str) -> Iterator[Edge]:
    """An edge on a machine that trusts this root."""
    trusted = folder / "trusted.pem"
    trusted.write_text(root.pem)
    environment = {**TALKATIVE, "SSL_CERT_FILE": str(trusted), **environment}
    with Edge(backend_socket=backend.socket, environment=environment) as edge:
        edge.ca_file.write_text(root.pem)  # for what speaks to it: its own certificate is a file of `folder`
        yield edge


def leaf(authority: Authority, *urls: str, rsa: bool = False) -> Holder:
    return Holder("CN=localhost", authority, rsa=rsa, hosts=["localhost"], extensions=[*map(ask_for_status_at, urls)])


def chain(issued: Holder, authority: Authority, folder: Path, kind: str = "TLS") -> dict[str, str]:
    """The variables for a certificate with its issuer behind it, as ACME clients write it."""
    certificate, key = issued.files(folder)
    certificate.write_text(issued.pem + authority.pem)
    return {f"POSTLEDGER_{kind}_CERTIFICATE": str(certificate), f"POSTLEDGER_{kind}_KEY": str(key)}


def said(edge: Edge, ciphers: str = ANY) -> str:
    """What OpenSSL's client has to say of a connection on which it asks for the status."""
    how = ["-status", "-tls1_2", "-cipher", ciphers, "-servername", "localhost", "-CAfile", str(edge.ca_file)]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.https_port}", *how]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True).stdout


def said_of_status(edge: Edge, ciphers: str = ANY) -> str:
    """What it says as soon as there is a status: the first client of each worker gets none, nginx asks only then."""
    heard: list[str] = []

    def is_stapled() -> bool:
        heard.append(said(edge, ciphers))
        return STAPLED in heard[-1]

    wait_until(is_stapled, what=f"the status with {ciphers}")
    return heard[-1]


def warnings(edge: Edge) -> list[str]:
    """What the edge has said of stapling."""
    return [line for line in edge.error_output().splitlines() if "tapling" in line or "OCSP" in line]


@pytest.mark.parametrize("delegates", [False, True], ids=["by the authority", "by one whom it has charged"])
def test_the_status_is_stapled(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path, delegates: bool
) -> None:
    signer = Holder("CN=Responder", authority, extensions=[may_sign_statuses()]) if delegates else None
    responder = Responder(authority, signer)
    issued = leaf(authority, responder.url)
    responder.tell_of(issued)
    with responder, edge_with(own_backend, root, tmp_path, **chain(issued, authority, tmp_path)) as edge:
        heard = said_of_status(edge)

        assert "Cert Status: good" in heard
        assert "Verify return code: 0 (ok)" in heard
        assert warnings(edge) == []


def test_ecdsa_and_rsa_certificates_have_their_own_status(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path
) -> None:
    responder = Responder(authority)
    ecdsa, rsa = leaf(authority, responder.url), leaf(authority, responder.url, rsa=True)
    responder.tell_of(ecdsa, rsa)
    variables = {**chain(ecdsa, authority, tmp_path), **chain(rsa, authority, tmp_path, "TLS_RSA")}
    with responder, edge_with(own_backend, root, tmp_path, **variables) as edge:
        for ciphers, issued in ((ECDSA, ecdsa), (RSA, rsa)):
            assert f"Serial Number: {issued.serial}" in said_of_status(edge, ciphers)
        assert warnings(edge) == []


def test_the_second_certificate_is_stapled_where_the_first_offers_no_status(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path
) -> None:
    responder = Responder(authority)
    ecdsa, rsa = leaf(authority), leaf(authority, responder.url, rsa=True)
    responder.tell_of(rsa)
    variables = {**chain(ecdsa, authority, tmp_path), **chain(rsa, authority, tmp_path, "TLS_RSA")}
    with responder, edge_with(own_backend, root, tmp_path, **variables) as edge:
        said_of_status(edge, RSA)

        assert BARE in said(edge, ECDSA)


def test_a_certificate_that_offers_no_status_is_served_without_a_word(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path
) -> None:
    with edge_with(own_backend, root, tmp_path, **chain(leaf(authority), authority, tmp_path)) as edge:
        assert BARE in said(edge)
        assert status(exchange(edge, get("/healthz"))) == 200
        assert warnings(edge) == []


def test_a_responder_that_is_away_costs_the_status_and_no_connection(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path
) -> None:
    away = Responder(authority)
    with edge_with(own_backend, root, tmp_path, **chain(leaf(authority, away.url), authority, tmp_path)) as edge:
        assert BARE in said(edge)
        wait_until(lambda: "while requesting certificate status" in edge.error_output())

        assert status(exchange(edge, get("/healthz"))) == 200
    away.remove()


def test_a_responder_that_never_answers_holds_up_neither_a_client_nor_the_next_start(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path, stopwatch: Stopwatch
) -> None:
    """nginx itself gives it a minute, and no worker ends before."""
    with silent_listener(socket.SOCK_STREAM) as silent:
        variables = chain(leaf(authority, f"http://{silent}"), authority, tmp_path)
        with edge_with(own_backend, root, tmp_path, **variables) as edge:
            assert BARE in said(edge)
            assert status(exchange(edge, get("/healthz"))) == 200
            started_s = stopwatch.now_s()

            edge.start()

            assert status(exchange(edge, get("/healthz"))) == 200
            assert stopwatch.now_s() - started_s < AT_ONCE_S


def test_a_dns_server_that_never_answers_does_not_hold_up_the_stop(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path, stopwatch: Stopwatch
) -> None:
    with silent_listener(socket.SOCK_DGRAM) as silent:
        variables = chain(leaf(authority, "http://localhost"), authority, tmp_path)
        with edge_with(own_backend, root, tmp_path, POSTLEDGER_RESOLVER=silent, **variables) as edge:
            assert BARE in said(edge)
            started_s = stopwatch.now_s()

            edge.stop()

            assert stopwatch.now_s() - started_s < AT_ONCE_S


def test_a_responder_is_found_by_its_name(
    own_backend: EchoBackend, root: Authority, authority: Authority, tmp_path: Path
) -> None:
    responder = Responder(authority)
    issued = leaf(authority, f"http://localhost:{responder.port}")
    responder.tell_of(issued)
    variables = chain(issued, authority, tmp_path)
    with (
        responder,
        NameServer() as names,
        edge_with(own_backend, root, tmp_path, POSTLEDGER_RESOLVER=names.address, **variables) as edge,
    ):
        said_of_status(edge)

        assert names.asked == {"localhost"}
        assert warnings(edge) == []
