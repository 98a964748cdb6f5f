"""TLS as a partner's security department looks at it, and certificates that come and go while the edge serves."""

import json
import os
import signal
import socket
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.edge.authority import Authority
from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import careless, exchange, get, header, read_all, shake_hands, status, tls_connection
from tests.parts.edge import Edge, wait_until

PATH = "/tracking/postback/acme"
HARMLESS = {"OK", "INFO", "LOW", "WARN", "DEBUG"}
TESTSSL_WITHIN_S = 600
PATIENT = {"HEADER_MAXSLEEP": "60", "MAX_WAITSOCK": "60"}  # or it calls missing what comes after a few seconds
TOLD = 3


def answer_with(edge: Edge, context: ssl.SSLContext, path: str = PATH) -> bytes:
    with shake_hands(edge, context) as connection:
        connection.sendall(get(path))
        return read_all(connection)


def ask_with(edge: Edge, context: ssl.SSLContext) -> int:
    return status(answer_with(edge, context))


def test_testssl_finds_nothing_that_matters(edge: Edge, tmp_path: Path) -> None:
    """Protocols, ciphers, forward secrecy, headers; the self-signed certificate and its chain are the test's own."""
    report = tmp_path / "report.json"
    checks = ["--protocols", "--std", "--fs", "--server-preference", "--header", "--renegotiation", "--beast"]
    how = ["--quiet", "--color", "0", "--warnings", "off", "--openssl", "/usr/bin/openssl", "--openssl-timeout", "60"]
    command = ["testssl", *how, "--jsonfile", str(report), *checks, f"127.0.0.1:{edge.https_port}"]
    subprocess.run(command, env={**os.environ, **PATIENT}, capture_output=True, check=False, timeout=TESTSSL_WITHIN_S)

    findings = json.loads(report.read_text())
    assert {one["id"] for one in findings} >= {"TLS1_2", "TLS1_3", "SSLv3", "TLS1", "TLS1_1", "PFS", "HSTS_time"}
    faults = [(one["id"], one["severity"], one["finding"]) for one in findings if one["severity"] not in HARMLESS]
    assert faults == []


def test_a_stranger_who_breaks_tls_in_the_middle_wakes_nobody(own_edge: Edge) -> None:
    """nginx 1.22 has no name for this fault of a client's, and calls critical what it cannot name."""
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        careless().wrap_bio(received, to_send, server_hostname="localhost").do_handshake()

    with socket.create_connection(("127.0.0.1", own_edge.https_port), timeout=30) as connection:
        connection.sendall(to_send.read())
        connection.recv(4096)
        connection.sendall(b"\x18\x03\x03\x00\x04beat")  # a record of a kind that TLS 1.3 does not have
        read_all(connection)

    wait_until(lambda: "[info]" in own_edge.error_output() and "bad record type" in own_edge.error_output())
    own_edge.assert_calm()


def test_tls_1_2_is_spoken_with_authenticated_ciphers_only(edge: Edge) -> None:
    offered = subprocess.run(
        ["openssl", "ciphers", "-tls1_2", "ALL"], capture_output=True, text=True, check=True
    ).stdout
    names = offered.strip().split(":")
    weak = [name for name in names if not any(mode in name for mode in ("GCM", "CHACHA20", "CCM"))]
    context = careless(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(":".join(name for name in weak if not name.startswith("TLS_")) + ":@SECLEVEL=0")

    with pytest.raises(ssl.SSLError):
        shake_hands(edge, context)


def test_ecdsa_and_rsa_certificates_serve_side_by_side(own_backend: EchoBackend, tmp_path: Path) -> None:
    certificate, key = Authority("CN=localhost", rsa=True).files(tmp_path)
    environment = {"POSTLEDGER_TLS_RSA_CERTIFICATE": str(certificate), "POSTLEDGER_TLS_RSA_KEY": str(key)}
    with edge_with(own_backend, **environment) as edge:
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


def is_shutting_down(pid: int) -> bool:
    """True when nginx has told this worker to end, or it has: then it keeps no connection, whoever asks."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        title = ""
    return not title or "shutting down" in title


def parts_with_a_word(edge: Edge, path: str) -> bool:
    """True when a sender who keeps his connection busy is told to leave before the reload ends it, and not cut off."""
    request = get(path).replace(b"Connection: close\r\n", b"")
    wait_until(lambda: not any(map(is_shutting_down, edge.worker_pids())))
    with tls_connection(edge) as busy:
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


@pytest.mark.parametrize("path", [PATH, "/click/spring", "/healthz", "/own.php"])
def test_who_keeps_a_connection_is_told_before_a_reload_ends_it(own_backend: EchoBackend, path: str) -> None:
    """nginx waits for a tenth of a second and then hangs up: not every time is that enough on a busy machine."""
    own_backend.set_sources(source("acme", paths=["/own.php"]))
    partings: list[bool] = []
    with edge_with(own_backend, POSTLEDGER_NETWORK_RATE="0") as edge:

        def is_told_time_and_again() -> bool:
            partings.append(parts_with_a_word(edge, path))
            return partings.count(True) == TOLD

        wait_until(is_told_time_and_again, 60)
        lines = [line for line in edge.access_log() if line["route"] != "ops"]

    assert len({(line["route"], line["source"], line["verdict"], line["reason"]) for line in lines}) == 1


@pytest.fixture
def partner() -> Authority:
    return Authority("CN=Partner's authority")


def client_context(edge: Edge, folder: Path, authority: Authority | None, **leaf: timedelta) -> ssl.SSLContext:
    context = edge.tls_context()
    if authority is not None:
        context.load_cert_chain(*authority.issue("partner", **leaf).files(folder))
    return context


def test_a_source_with_an_authority_hears_only_those_who_show_its_certificate(
    own_backend: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    own_backend.set_sources(source("acme", client_ca=partner.pem), source("open"))
    impostor = Authority("CN=Partner's authority")
    with edge_with(own_backend, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        statuses = {
            "good": ask_with(edge, client_context(edge, tmp_path, partner)),
            "none": ask_with(edge, client_context(edge, tmp_path, None)),
            "impostor": ask_with(edge, client_context(edge, tmp_path, impostor)),
            "expired": ask_with(edge, client_context(edge, tmp_path, partner, left=timedelta(days=-1))),
        }
        without = exchange(edge, get("/tracking/postback/open"))
        refused = exchange(edge, get(PATH))

    assert statuses == {"good": 200, "none": 403, "impostor": 403, "expired": 403}
    assert status(without) == 200
    assert b'"reason":"client_certificate"' in refused


def asks_for_a_certificate(edge: Edge) -> bool:
    """As OpenSSL's client tells it of a new session."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.https_port}", "-servername", "localhost"]
    said = subprocess.run(command, input=b"", capture_output=True, check=False).stdout
    assert b"Cipher is TLS_" in said, "a handshake"
    return b"Requested Signature Algorithms" in said


def test_clients_are_asked_for_a_certificate_while_a_source_has_an_authority(
    own_edge: Edge, own_backend: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    """Nothing but the source's entry is needed, and no reload; without one no visitor's browser is bothered."""
    assert not asks_for_a_certificate(own_edge)

    own_backend.set_sources(source("acme", client_ca=partner.pem))
    good = client_context(own_edge, tmp_path, partner)
    wait_until(lambda: (status(exchange(own_edge, get(PATH))), ask_with(own_edge, good)) == (403, 200))

    own_backend.set_sources(source("acme"))
    wait_until(lambda: not asks_for_a_certificate(own_edge))


def test_where_certificates_are_not_asked_for_such_a_source_hears_nobody(
    own_backend: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    own_backend.set_sources(source("acme", client_ca=partner.pem))
    with edge_with(own_backend, POSTLEDGER_CLIENT_CERTIFICATES="off") as edge:
        assert ask_with(edge, client_context(edge, tmp_path, partner)) == 403


def test_by_the_switch_clients_are_asked_also_where_no_source_wants_to_see_one(own_backend: EchoBackend) -> None:
    """For the days before: a session that began without a certificate has none when it is resumed."""
    with edge_with(own_backend, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        assert asks_for_a_certificate(edge)


def test_in_observe_mode_a_missing_or_broken_certificate_is_only_noted(
    own_backend: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    own_backend.set_sources(source("acme", client_ca=partner.pem, mode="observe"))
    with edge_with(own_backend, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        missing = exchange(edge, get(PATH))
        expired = answer_with(edge, client_context(edge, tmp_path, partner, left=timedelta(days=-1)))

    assert b'"x-edge-observed": "client_certificate"' in missing
    assert b'"x-edge-observed": "client_certificate"' in expired


def test_a_source_without_an_authority_hears_whoever_shows_a_broken_certificate(
    own_backend: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    """A partner's program may show the same certificate to everybody, long after it has expired."""
    with edge_with(own_backend, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        context = client_context(edge, tmp_path, partner, left=timedelta(days=-1))

        assert ask_with(edge, context) == 200


def test_on_a_resumed_session_the_certificate_of_the_first_is_judged(
    own_backend: EchoBackend, partner: Authority, tmp_path: Path
) -> None:
    own_backend.set_sources(source("acme", client_ca=partner.pem))
    with edge_with(own_backend, POSTLEDGER_CLIENT_CERTIFICATES="on") as edge:
        context = client_context(edge, tmp_path, partner)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # of 1.3 the client has its session only with the answer
        with shake_hands(edge, context) as first:
            plain = socket.create_connection(("127.0.0.1", edge.https_port), timeout=30)
            with context.wrap_socket(plain, server_hostname="localhost", session=first.session) as second:
                second.sendall(get(PATH))
                answer = read_all(second)
                was_resumed = second.session_reused

    assert (was_resumed, status(answer)) == (True, 200)
