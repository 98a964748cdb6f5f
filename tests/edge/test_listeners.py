"""What each listener speaks, and to whom."""

import socket
import ssl

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.edge.wire import connect, get, own_address, read_all, status, tls_connection
from tests.parts.edge import ROOT, Edge, wait_until
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.waiting import HANGS_AFTER_S


def speaks(edge: Edge, version: ssl.TLSVersion) -> str | None:
    """The version agreed on when the client can speak only this one; None when they do not agree."""
    context = edge.tls_context()
    # OpenSSL itself would refuse to offer the old versions at its ordinary security level.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return connection.version()
    except ssl.SSLError:
        return None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_tls_is_spoken(edge: Edge, version: ssl.TLSVersion) -> None:
    assert speaks(edge, version) == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("name", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_not_spoken(edge: Edge, name: str) -> None:
    assert speaks(edge, ssl.TLSVersion[name]) is None


def test_the_certificate_is_ecdsa_and_the_cipher_keeps_the_past_secret(edge: Edge) -> None:
    context = edge.tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with (
        socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        cipher = connection.cipher()

    assert cipher is not None
    assert cipher[0].startswith("ECDHE-ECDSA-")


def test_http2_is_spoken_when_the_client_can(edge: Edge) -> None:
    with edge.client(http2=True) as client:
        answer = client.get("/tracking/postback/acme")

    assert answer.http_version == "HTTP/2"
    assert answer.status_code == 200


def test_a_second_connection_resumes_the_first_ones_session(edge: Edge) -> None:
    context = edge.tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as first,
    ):
        first.sendall(get("/tracking/postback/acme"))
        read_all(first)  # to its proper end: OpenSSL forgets the session of a connection that breaks off
        session = first.session

    with (
        socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as second,
    ):
        assert second.session_reused


def test_every_public_answer_asks_for_https_in_future(client: httpx.Client) -> None:
    for path in ("/tracking/postback/acme", "/nowhere"):
        assert client.get(path).headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("path", ["/tracking/postback/acme", "/nowhere"])
def test_no_answer_can_be_taken_for_a_page(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers.get_list("x-content-type-options") == ["nosniff"]


def test_no_answer_names_the_version_of_nginx(client: httpx.Client) -> None:
    assert client.get("/nowhere").headers["server"] in ("nginx", "openresty")


@pytest.mark.parametrize("path", ["/", "/tracking/postback/acme?sig=1", "/healthz", "/internal/metrics", "/status"])
def test_plain_http_is_refused_in_plain_words_and_not_redirected(edge: Edge, path: str) -> None:
    answer = httpx.post(edge.http_url + path, content=b"x", timeout=ANSWER_WITHIN_S)

    assert answer.status_code == 403
    assert answer.text.startswith("HTTPS only")
    assert "location" not in answer.headers


def test_plain_http_refuses_what_it_cannot_read_in_the_same_words(edge: Edge) -> None:
    with socket.create_connection(("127.0.0.1", edge.http_port), timeout=HANGS_AFTER_S) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")

        assert b" 403 " in connection.recv(4096).splitlines()[0]


def test_plain_http_is_not_forwarded(edge: Edge) -> None:
    client = own_address()

    with connect(edge.http_port, client) as connection:
        connection.sendall(get("/tracking/postback/acme?plain=1"))
        assert status(read_all(connection)) == 403

    wait_until(lambda: edge.access_log(client=client) != [])
    (line,) = edge.access_log(client=client)
    assert (line["tls"], line["route"], line["upstream_duration_s"]) == ("", "other", None)


def test_the_ops_listener_tells_how_the_edge_is(edge: Edge) -> None:
    answer = edge.ask_ops("/status")

    assert answer.json()["status"] == "ok"
    assert answer.json()["edge"]["active"] >= 1


def test_the_edge_has_metrics_that_prometheus_can_read(edge: Edge) -> None:
    families = {family.name: family for family in text_string_to_metric_families(edge.ask_ops("/metrics").text)}

    assert set(families) == {
        "postledger_edge_requests",
        "postledger_edge_refusals",
        "postledger_edge_observed",
        "postledger_edge_request_duration_seconds",
        "postledger_edge_upstream_duration_seconds",
        "postledger_edge_tls_connections",
        "postledger_edge_tls_refused",
        "postledger_edge_certificate_expiry_timestamp_seconds",
        "postledger_edge_policy_age_seconds",
        "postledger_edge_policy_version",
        "postledger_edge_policy_refused",
        "postledger_edge_quota_used_ratio",
        "postledger_edge_dictionary_evictions",
        "postledger_edge_connections",
    }
    states = {sample.labels["state"] for sample in families["postledger_edge_connections"].samples}
    assert states == {"reading", "writing", "waiting"}


@pytest.mark.parametrize(
    ("path", "uri"), [("/metrics/backend", "/internal/metrics"), ("/healthz", "/healthz"), ("/healthz?x", "/healthz?x")]
)
def test_the_ops_listener_reaches_the_operators_socket(edge: Edge, path: str, uri: str) -> None:
    answer = edge.ask_ops(path).json()

    assert (answer["socket"], answer["uri"]) == ("operators.sock", uri)


@pytest.mark.parametrize(
    ("path", "socket_name"),
    [
        ("/tracking/postback/acme", "backend.sock"),
        ("/sandbox/postback/acme", "sandbox.sock"),
        ("/receipts/x", "sandbox.sock"),
        ("/click/spring", "backend.sock"),
        ("/schemas/postback-v1.json", "backend.sock"),
        ("/healthz", "operators.sock"),
    ],
)
def test_a_public_route_reaches_the_socket_of_its_process(client: httpx.Client, path: str, socket_name: str) -> None:
    answer = client.get(path).json()

    assert (answer["socket"], answer["uri"]) == (socket_name, path)


def test_the_ops_listener_stays_on_loopback_whatever_the_public_address_is() -> None:
    environment = {"POSTLEDGER_LISTEN_ADDRESS": "0.0.0.0"}  # noqa: S104 - the very case
    with Edge(backend_socket="/tmp/no-such-socket", environment=environment) as everywhere:
        ops, public = everywhere.prefix / "conf/runtime/ops.conf", everywhere.prefix / "conf/runtime/https.conf"

        assert ops.read_text() == f"listen 127.0.0.1:{everywhere.ops_port};\n"
        assert "0.0.0.0" in public.read_text()  # noqa: S104


@pytest.mark.parametrize("path", ["/metrics", "/status", "/status/nginx", "/metrics/backend", "/healthz", "/"])
@pytest.mark.parametrize("host", ["page.example", "127.0.0.1.page.example", "10.0.0.1:9080", "localhost.page.example"])
def test_the_ops_listener_refuses_a_foreign_name(edge: Edge, path: str, host: str) -> None:
    answer = httpx.get(edge.ops_url + path, headers={"Host": host}, timeout=ANSWER_WITHIN_S)

    assert (answer.status_code, "postledger" in answer.text) == (421, False)


@pytest.mark.parametrize("host", ["localhost:19080", "127.0.0.1", "LOCALHOST", "[::1]:19080"])
def test_the_ops_listener_answers_to_names_of_this_machine(edge: Edge, host: str) -> None:
    assert httpx.get(edge.ops_url + "/status", headers={"Host": host}, timeout=ANSWER_WITHIN_S).status_code == 200


def test_a_connection_serves_many_requests(edge: Edge) -> None:
    request = b"GET /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\n\r\n"

    with tls_connection(edge) as connection:
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_operators_read_runbooks_where_the_links_in_alerts_lead(edge: Edge) -> None:
    answer = edge.ask_ops("/runbooks/LedgerUnavailable.md")

    assert answer.text == (ROOT / "monitoring/runbooks/LedgerUnavailable.md").read_text("utf-8")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path", ["/runbooks/", "/runbooks/../nginx.conf", "/runbooks/%2e%2e/nginx.conf", "/runbooks/Nothing.md"]
)
def test_operators_read_nothing_else_there(edge: Edge, path: str) -> None:
    assert edge.ask_ops(path).status_code == 404
