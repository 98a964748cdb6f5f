"""TLS as a partner's security department looks at it, and certificates that come and go while the edge serves."""

import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.edge.authority import Authority
from tests.edge.conftest import Pair, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import careless, exchange, get, header, read_all, shake_hands, status, tls_connection
from tests.parts.edge import Edge, wait_until
from tests.parts.patience import copy_patient
from tests.parts.waiting import HANGS_AFTER_S

PATH = "/tracking/postback/acme"


def answer_with(edge: Edge, context: ssl.SSLContext, path: str = PATH) -> bytes:
    with shake_hands(edge, context) as connection:
        connection.sendall(get(path))
        return read_all(connection)


def ask_with(edge: Edge, context: ssl.SSLContext) -> int:
    return status(answer_with(edge, context))


def test_a_stranger_who_breaks_tls_in_the_middle_wakes_nobody(own_edge: Edge) -> None:
    """nginx 1.22 has no name for this fault of a client's, and calls critical what it cannot name."""
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        careless().wrap_bio(received, to_send, server_hostname="localhost").do_handshake()

    with socket.create_connection(("127.0.0.1", own_edge.https_port), timeout=HANGS_AFTER_S) as connection:
        connection.sendall(to_send.read())
        connection.recv(4096)
        connection.sendall(b"\x18\x03\x03\x00\x04beat")  # a record of a kind that TLS 1.3 does not have
        read_all(connection)

    wait_until(lambda: "[info]" in own_edge.error_output() and "bad record type" in own_edge.error_output())
    own_edge.assert_calm()


def test_tls_1_2_needs_forward_secrecy_and_authenticated_ciphers(edge: Edge) -> None:
    """What an auditor's tool makes of it: see the drills."""
    offered = subprocess.run(
        ["openssl", "ciphers", "-tls1_2", "ALL:COMPLEMENTOFALL"], capture_output=True, text=True, check=True
    ).stdout
    names = [name for name in offered.strip().split(":") if not name.startswith("TLS_")]
    weak = [name for name in names if not ("ECDHE-" in name and any(mode in name for mode in ("GCM", "CHACHA20")))]
    context = careless(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(":".join(weak) + ":@SECLEVEL=0")

    with pytest.raises(ssl.SSLError):
        shake_hands(edge, context)


def test_the_edge_and_not_the_client_chooses_the_cipher(edge: Edge) -> None:
    context = careless(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")

    with shake_hands(edge, context) as connection:
        assert (connection.cipher() or ("",))[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"


def test_tls_1_3_takes_the_cheapest_strong_cipher_too(edge: Edge) -> None:
    with shake_hands(edge, careless(ssl.TLSVersion.TLSv1_3)) as connection:
        assert (connection.cipher() or ("",))[0] == "TLS_AES_128_GCM_SHA256"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_client_that_prefers_chacha20_gets_it(edge: Edge, version: str) -> None:
    order = ["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "-cipher", "ECDHE+CHACHA20:ECDHE"]

    greeted = greet(edge, version, *order)

    assert b"Cipher is " in greeted
    assert b"CHACHA20-POLY1305" in greeted.replace(b"_", b"-").split(b"Cipher is ")[1].splitlines()[0]


def greet(edge: Edge, *options: str) -> bytes:
    """What OpenSSL's client prints about a connection with one request."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.https_port}", "-ign_eof", *options]
    return subprocess.run(command, input=get("/healthz"), capture_output=True, check=False).stdout


def test_ecdsa_and_rsa_certificates_serve_side_by_side(backend: EchoBackend, tmp_path: Path) -> None:
    certificate, key = Authority("CN=localhost", rsa=True).files(tmp_path)
    environment = {"POSTLEDGER_TLS_RSA_CERTIFICATE": str(certificate), "POSTLEDGER_TLS_RSA_KEY": str(key)}
    with edge_with(backend, **environment) as edge:
        chosen = []
        for kind in ("ECDSA", "RSA"):
            context = careless(ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(f"ECDHE+a{kind}")
            with shake_hands(edge, context) as connection:
                chosen.append((connection.cipher() or ("",))[0])

    assert "ECDSA" in chosen[0]
    assert "-RSA-" in chosen[1]


def test_a_tls_1_3_session_is_resumed_and_early_data_never_taken(edge: Edge, tmp_path: Path) -> None:
    session = tmp_path / "session"
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.https_port}", "-tls1_3", "-ign_eof"]

    first = subprocess.run([*command, "-sess_out", session], input=get("/healthz"), capture_output=True, check=False)
    second = subprocess.run([*command, "-sess_in", session], input=get("/healthz"), capture_output=True, check=False)

    assert b"New, TLSv1.3" in first.stdout
    assert b"Reused, TLSv1.3" in second.stdout
    assert b"Max Early Data: 0" in first.stdout


def test_a_new_certificate_is_served_after_a_reload_and_nobody_is_cut_off(own_edge: Edge) -> None:
    of_old_one = own_edge.tls_context()
    own_edge.make_certificate()
    of_new_one = own_edge.tls_context()

    def new_one_is_served() -> bool:
        try:
            return ask_with(own_edge, of_new_one) == 200
        except (ssl.SSLError, ConnectionError):
            return False

    with shake_hands(own_edge, of_old_one) as busy:
        busy.sendall(get("/tracking/postback/acme")[:-2])  # in the middle of its headers, for which it has five seconds
        os.kill(own_edge.pid, signal.SIGHUP)
        wait_until(new_one_is_served)
        busy.sendall(b"\r\n")
        assert status(read_all(busy)) == 200


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An edge whose workers know, as for a tenth of a second after a reload, that others have taken over."""
    root = copy_patient(tmp_path_factory.mktemp("root"))
    policy = root / "edge" / "lua" / "postledger" / "policy.lua"
    text = policy.read_text()
    assert text.count('shared:get("generation") ~= generation') == 2
    policy.write_text(text.replace('shared:get("generation") ~= generation', "true"))
    with EchoBackend() as backend:
        backend.set_sources(source("acme", paths=["/own.php"]))
        with Edge(backend_socket=backend.socket, root=root) as edge:
            yield edge


@pytest.mark.parametrize("path", [PATH, "/click/spring", "/healthz", "/own.php"])
def test_a_worker_that_is_replaced_ends_connections_with_a_response(handed_over: Edge, edge: Edge, path: str) -> None:
    """nginx would cut a client off between two requests. The drill `test_a_reload_asks_a_busy_client` reloads."""
    request = get(path).replace(b"Connection: close\r\n", b"")
    with tls_connection(handed_over) as connection:
        connection.sendall(request)
        answer = read_all(connection)
    with tls_connection(edge) as connection:
        connection.sendall(request)
        usual = connection.recv(65536)

    assert (status(answer), header(answer, "Connection"), header(usual, "Connection")) == (200, "close", "keep-alive")
    line = handed_over.log_line(header(answer, "X-Request-Id"))
    assert line["route"] == {"/own.php": "dialect", "/healthz": "healthz"}.get(path, path.split("/")[-2])


@pytest.fixture(scope="module")
def partner() -> Authority:
    return Authority("CN=Partner's authority")


@pytest.fixture(scope="module")
def certified(partner: Authority) -> Iterator[EchoBackend]:
    """A backend with a source that has an authority, one that is only observed, and one without."""
    with EchoBackend() as backend:
        backend.set_sources(
            source("acme", client_ca=partner.pem),
            source("watched", client_ca=partner.pem, mode="observe"),
            source("open"),
        )
        yield backend


@pytest.fixture(scope="module")
def asking(certified: EchoBackend) -> Iterator[Edge]:
    """An edge that asks every client for a certificate."""
    with edge_with(certified, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        yield edge


def client_context(edge: Edge, folder: Path, authority: Authority | None, **leaf: timedelta) -> ssl.SSLContext:
    context = edge.tls_context()
    if authority is not None:
        context.load_cert_chain(*authority.issue("partner", **leaf).files(folder))
    return context


def test_a_source_with_an_authority_accepts_only_its_certificates(
    asking: Edge, partner: Authority, tmp_path: Path
) -> None:
    impostor = Authority("CN=Partner's authority")
    statuses = {
        "good": ask_with(asking, client_context(asking, tmp_path, partner)),
        "none": ask_with(asking, client_context(asking, tmp_path, None)),
        "impostor": ask_with(asking, client_context(asking, tmp_path, impostor)),
        "expired": ask_with(asking, client_context(asking, tmp_path, partner, left=timedelta(days=-1))),
    }
    without = exchange(asking, get("/tracking/postback/open"))
    refused = exchange(asking, get(PATH))

    assert statuses == {"good": 200, "none": 403, "impostor": 403, "expired": 403}
    assert status(without) == 200
    assert b'"reason":"client_certificate"' in refused


def asks_for_a_certificate(edge: Edge) -> bool:
    """As OpenSSL's client tells it of a new session."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.https_port}", "-servername", "localhost"]
    said = subprocess.run(command, input=b"", capture_output=True, check=False).stdout
    assert b"Cipher is TLS_" in said, "a handshake"
    return b"Requested Signature Algorithms" in said


def test_certificates_are_asked_for_while_a_source_has_an_authority(
    own_pair: Pair, partner: Authority, tmp_path: Path
) -> None:
    """Nothing but the source's entry is needed, and no reload; without one no visitor's browser is bothered."""
    edge, backend = own_pair
    assert not asks_for_a_certificate(edge)

    backend.set_sources(source("acme", client_ca=partner.pem))
    good = client_context(edge, tmp_path, partner)
    wait_until(lambda: (status(exchange(edge, get(PATH))), ask_with(edge, good)) == (403, 200))

    backend.set_sources(source("acme"))
    wait_until(lambda: not asks_for_a_certificate(edge))


def test_an_edge_that_asks_for_no_certificate_refuses_all_of_such_a_source(
    certified: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    with edge_with(certified, POSTLEDGER_CLIENT_CERTIFICATES="off") as edge:
        assert ask_with(edge, client_context(edge, tmp_path, partner)) == 403


def test_the_switch_has_clients_asked_also_without_such_a_source(backend: EchoBackend) -> None:
    """For the days before: a session that began without a certificate has none when it is resumed."""
    with edge_with(backend, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        assert asks_for_a_certificate(edge)


def test_in_observe_mode_a_missing_or_broken_certificate_is_only_noted(
    asking: Edge, partner: Authority, tmp_path: Path
) -> None:
    path = "/tracking/postback/watched"

    missing = exchange(asking, get(path))
    expired = answer_with(asking, client_context(asking, tmp_path, partner, left=timedelta(days=-1)), path)

    assert b'"x-edge-observed": "client_certificate"' in missing
    assert b'"x-edge-observed": "client_certificate"' in expired


def test_a_source_without_an_authority_ignores_a_broken_certificate(
    asking: Edge, partner: Authority, tmp_path: Path
) -> None:
    """A partner's program may show the same certificate to everybody, long after it has expired."""
    context = client_context(asking, tmp_path, partner, left=timedelta(days=-1))

    assert status(answer_with(asking, context, "/tracking/postback/open")) == 200


def test_on_a_resumed_session_the_certificate_of_the_first_is_judged(
    asking: Edge, partner: Authority, tmp_path: Path
) -> None:
    context = client_context(asking, tmp_path, partner)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the client gets its session only with the answer
    with shake_hands(asking, context) as first:
        plain = socket.create_connection(("127.0.0.1", asking.https_port), timeout=HANGS_AFTER_S)
        with context.wrap_socket(plain, server_hostname="localhost", session=first.session) as second:
            second.sendall(get(PATH))
            answer = read_all(second)
            was_resumed = second.session_reused

    assert (was_resumed, status(answer)) == (True, 200)
