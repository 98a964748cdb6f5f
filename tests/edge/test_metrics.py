"""What the edge counts: right totals over all workers, closed label sets, every series of a known source from zero."""

import os
import re
import signal
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

import httpx
import pytest
from cryptography.x509 import load_pem_x509_certificate

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.plain_lua import run_lua
from tests.edge.wire import careless, exchange, get, post, read_all, shake_hands
from tests.edge.workers import is_shutting_down
from tests.parts.certificates import make_key_and_certificate
from tests.parts.edge import Edge, wait_until
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.waiting import HANGS_AFTER_S

REQUESTS, REFUSALS = "postledger_edge_requests_total", "postledger_edge_refusals_total"
DURATION = "postledger_edge_request_duration_seconds"
REFUSED = "postledger_edge_tls_refused_total"
UPSTREAM, HANDSHAKES = "postledger_edge_upstream_duration_seconds", "postledger_edge_tls_connections_total"
REASONS = {
    "client_certificate",
    "ip_not_allowed",
    "malformed",
    "method_not_allowed",
    "not_found",
    "payload_too_large",
    "rate_limited",
    "timeout",
    "unavailable",
}
END = 'postledger_edge_certificate_expiry_timestamp_seconds{certificate="main"}'
SENDERS, EACH = 8, 50
CHUNKED = (
    b"POST /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 3
)
STRANGERS = 100
RELOADS = 5


def total(edge: Edge, name: str, **labels: str) -> float:
    """The sum of all series of a name that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        value
        for series, value in edge.metrics().items()
        if series.startswith(name + "{") and all(one in series for one in wanted)
    )


@pytest.fixture
def counting(backend: EchoBackend) -> Iterator[Edge]:
    """An edge that has not served a request yet."""
    with edge_with(backend, POSTLEDGER_NETWORK_RATE="0") as edge:
        yield edge


def test_every_reason_of_every_known_source_is_there_at_zero(counting: Edge) -> None:
    series = {name for name, value in counting.metrics().items() if name.startswith(REFUSALS) and value == 0}

    expected = {
        f'{REFUSALS}{{source="{slug}",reason="{reason}"}}'
        for slug in ("acme", "closed", "watched", "unknown")
        for reason in REASONS
    }
    assert series == expected


def test_under_load_not_one_request_is_lost_or_counted_twice(counting: Edge) -> None:
    def send(sender: int) -> None:
        with counting.client() as client:
            for number in range(EACH):
                client.get(f"/tracking/postback/{('acme', 'closed')[(sender + number) % 2]}")

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, range(SENDERS)))

    half = SENDERS * EACH / 2
    wait_until(lambda: total(counting, REQUESTS) >= 2 * half)
    assert total(counting, REQUESTS, route="postback", status="200") == half
    assert total(counting, REQUESTS, route="postback", status="403") == half
    assert total(counting, REFUSALS, source="closed", reason="ip_not_allowed") == half
    assert total(counting, REFUSALS) == half
    assert total(counting, DURATION + "_count", route="postback") == 2 * half
    assert total(counting, DURATION + "_bucket", route="postback", le="+Inf") == 2 * half


def test_the_backends_part_is_counted_where_it_answered_and_nowhere_else(counting: Edge) -> None:
    for target in ("/tracking/postback/acme", "/tracking/postback/acme", "/tracking/postback/closed"):
        exchange(counting, get(target))

    wait_until(lambda: total(counting, REQUESTS, route="postback") == 3)
    assert total(counting, DURATION + "_count", route="postback") == 3
    assert total(counting, UPSTREAM + "_count", route="postback") == 2


def test_the_time_of_a_request_and_the_backends_part_of_it_are_added_up() -> None:
    """By a clock of the test: 250 ms since the request began, of which the backend took 125."""
    said = run_lua("""
        package.loaded["postledger.receipt"] = {}    -- needs OpenSSL, and the request has one already
        ngx.req, ngx.status = { start_time = function() return 100 end }, 200
        ngx.var = {
            known_parameters = "[]", logged_route = "postback", logged_upstream_duration = "0.125",
            connection_requests = "2",
        }
        nginx.set_clock(100.25)
        require("postledger.event").write()
        require("postledger.counters").flush()
        for _, key in ipairs({ "durations|postback|sum", "upstreams|postback|sum", "upstreams|postback|count" }) do
            print(ngx.shared.postledger_metrics:get(key))
        end""")

    assert said == ["0.25", "0.125", "1"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_connection_is_counted_once_by_its_version_and_handshake(counting: Edge, version: ssl.TLSVersion) -> None:
    context = counting.tls_context()
    context.maximum_version = version
    name = version.name.replace("_", ".")

    session = _ask_twice(counting, context, None)
    _ask_twice(counting, context, session)

    wait_until(lambda: total(counting, REQUESTS) == 4)
    assert total(counting, HANDSHAKES, version=name, handshake="full") == 1
    assert total(counting, HANDSHAKES, version=name, handshake="resumed") == 1
    assert total(counting, HANDSHAKES) == 2


GREETINGS: dict[str, dict[str | None, str | None]] = {
    "localhost,*.partner.example,127.0.0.1": {
        "evil.example": "unknown_name",
        "partner.example": "unknown_name",
        "xlocalhost": "unknown_name",
        "a.b.partner.example": None,
        "LocalHost": None,
        "localhost.": None,
        None: None,
    },
    "localhost,*.partner.example": {"evil.example": "unknown_name", "localhost": None, None: "no_name"},
}


@pytest.mark.parametrize("names", GREETINGS)
def test_a_greeting_is_counted_as_refused_when_nginx_refused_it(backend: EchoBackend, names: str) -> None:
    """The code that counts has to know the names as well as nginx, which refuses."""
    reasons = list(GREETINGS[names].values())
    with edge_with(backend, POSTLEDGER_SERVER_NAMES=names) as edge:
        assert {name: greet(edge, name) for name in GREETINGS[names]} == {
            name: reason is None for name, reason in GREETINGS[names].items()
        }

        # A worker brings its requests to the dictionary after its greetings.
        wait_until(lambda: total(edge, REQUESTS) == reasons.count(None))
        wait_until(lambda: total(edge, REFUSED) >= len(reasons) - reasons.count(None))
        for reason in ("no_name", "unknown_name"):
            assert total(edge, REFUSED, reason=reason) == reasons.count(reason)


def greet(edge: Edge, name: str | None) -> bool:
    """True when a client that asks for this name gets its handshake; then it sends a request, too."""
    try:
        with shake_hands(edge, careless(), name) as connection:
            connection.sendall(get("/nowhere"))
            return read_all(connection) is not None
    except ssl.SSLError:
        return False


def _ask_twice(edge: Edge, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSession | None:
    """Two requests on one connection; gives what resumes the session."""
    first = get("/tracking/postback/acme").replace(b"Connection: close", b"Connection: keep-alive")
    with (
        socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as connection,
    ):
        connection.sendall(first + get("/tracking/postback/acme"))
        read_all(connection)
        return connection.session


def test_a_request_that_ends_after_a_reload_is_counted(counting: Edge, backend: EchoBackend) -> None:
    """Its worker is shutting down then, and has brought its counts to the dictionary before."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(exchange, counting, get("/tracking/postback/acme/held"))
        wait_until(backend.is_holding)
        workers = counting.worker_pids()
        os.kill(counting.pid, signal.SIGHUP)
        wait_until(lambda: all(map(is_shutting_down, workers)))

        backend.release()
        asked.result()

    wait_until(lambda: total(counting, REQUESTS, route="postback") == 1)


def test_what_a_worker_had_counted_survives_a_reload(counting: Edge) -> None:
    for _ in range(RELOADS):
        exchange(counting, get("/tracking/postback/acme"))
        counting.reload()

    wait_until(lambda: total(counting, REQUESTS, route="postback", status="200") == RELOADS)


# What is sent, and how it is counted: by its route and status, and by its source and reason if the edge refused it.
COUNTED: list[tuple[bytes, tuple[str, str, str, str]]] = [
    (get("/tracking/postback/closed"), ("postback", "403", "closed", "ip_not_allowed")),
    (get("/tracking/postback?source=closed"), ("postback", "403", "closed", "ip_not_allowed")),
    (get("/sandbox/postback/closed"), ("sandbox", "403", "closed", "ip_not_allowed")),
    (get("/sandbox/nowhere"), ("sandbox", "404", "unknown", "not_found")),
    (get("/receipts/%61"), ("receipts", "404", "unknown", "not_found")),
    (get("/nowhere"), ("other", "404", "unknown", "not_found")),
    (get("//tracking/postback/acme"), ("postback", "404", "unknown", "not_found")),
    (get("/schemas/x#y"), ("schemas", "400", "unknown", "malformed")),
    (get("/click/x#y"), ("click", "200", "", "")),
    (get("/tracking/postback/acme?x=" + "y" * 20_000), ("postback", "414", "acme", "malformed")),
    (get("/sandbox/postback?source=acme&x=" + "y" * 20_000), ("sandbox", "414", "acme", "malformed")),
    (get("/" + "y" * 20_000), ("other", "414", "unknown", "malformed")),
    (get("/tracking/postback/acme", "X-Long: " + "y" * 20_000), ("postback", "431", "acme", "malformed")),
    (get("/tracking/postback/nobody", "X-Long: " + "y" * 20_000), ("postback", "431", "unknown", "malformed")),
    (get("/click/x", "X-Long: " + "y" * 20_000), ("click", "431", "unknown", "malformed")),
    (get("/healthz", "Content-Length: x"), ("healthz", "400", "unknown", "malformed")),
    (get("/tracking/postback/acme", "Content-Length: x"), ("postback", "400", "acme", "malformed")),
    (get("/tracking/postbacks", "Content-Length: x"), ("other", "400", "unknown", "malformed")),
    (b"NONSENSE\r\n\r\n", ("other", "400", "unknown", "malformed")),
    (b"BREW" + get("/tracking/postback/acme")[3:], ("postback", "405", "unknown", "method_not_allowed")),
    (post("/tracking/postback/acme", b"x" * 131_073), ("postback", "413", "acme", "payload_too_large")),
    (post("/tracking/postback?source=acme", b"x" * 131_073), ("postback", "413", "acme", "payload_too_large")),
    (post("/sandbox/postback/nobody", b"x" * 131_073), ("sandbox", "413", "unknown", "payload_too_large")),
    (post("/click/x", b"x" * 131_073), ("click", "413", "unknown", "payload_too_large")),
    (CHUNKED, ("postback", "413", "acme", "payload_too_large")),
    (get("/tracking/postback/acme?x=die/"), ("postback", "200", "", "")),
    (get("/click/die-before-answer"), ("click", "503", "unknown", "unavailable")),
]


class Counts(NamedTuple):
    """What the edge has counted of all that is in COUNTED, and nothing else."""

    requests: dict[tuple[str, str], float]
    refusals: dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def counts(backend: EchoBackend) -> Counts:
    with edge_with(backend) as edge:
        for request_bytes, _ in COUNTED:
            exchange(edge, request_bytes)
        wait_until(lambda: total(edge, REQUESTS) >= len(COUNTED))
        series = edge.metrics()
    return Counts(read_pairs(series, REQUESTS), read_pairs(series, REFUSALS))


def read_pairs(series: dict[str, float], name: str) -> dict[tuple[str, str], float]:
    """The values that are not zero, by the values of their two labels."""
    found = {tuple(re.findall(r'="([^"]*)"', key)): value for key, value in series.items() if key.startswith(name)}
    return {(first, second): value for (first, second), value in found.items() if value}


@pytest.mark.parametrize("counted", sorted({counted for _, counted in COUNTED}), ids="-".join)
def test_a_refusal_is_counted_once_by_its_source_and_reason(counts: Counts, counted: tuple[str, str, str, str]) -> None:
    route, code, slug, reason = counted
    all_counted = [one for _, one in COUNTED]

    assert counts.requests[route, code] == sum(one[:2] == (route, code) for one in all_counted)
    assert counts.refusals.get((slug, reason), 0) == sum(
        _is_refusal(one) and one[2:] == (slug, reason) for one in all_counted
    )


def test_what_is_not_refused_is_counted_as_no_refusal(counts: Counts) -> None:
    assert sum(counts.requests.values()) == len(COUNTED)
    assert sum(counts.refusals.values()) == sum(_is_refusal(one) for _, one in COUNTED)


def _is_refusal(counted: tuple[str, str, str, str]) -> bool:
    """What a partner tries is no refusal of its source."""
    route, *_, reason = counted
    return reason != "" and route not in ("sandbox", "receipts", "page")


def test_no_label_holds_what_a_sender_chose(counting: Edge) -> None:
    for target in ("/tracking/postback/CANARY", "/CANARY", "/click/CANARY", "/tracking/postback?source=CANARY"):
        exchange(counting, get(target))
    exchange(counting, get("/tracking/postback/acme").replace(b"GET", b"CANARY", 1))

    wait_until(lambda: total(counting, REQUESTS) == 5)
    assert "CANARY" not in counting.ask_ops("/metrics").text


def test_every_failure_of_ours_is_there_at_zero(counting: Edge) -> None:
    series = {name for name, value in counting.metrics().items() if name.startswith(REQUESTS) and value == 0}

    assert series == {
        f'{REQUESTS}{{route="{route}",status="{status}"}}'
        for route in ("click", "dialect", "healthz", "other", "page", "postback", "receipts", "sandbox", "schemas")
        for status in (500, 502, 503, 504)
    }


def end_of_certificate(edge: Edge) -> float:
    """When the certificate that lies on the disk ends, in unix seconds."""
    pem = re.search(r"-----BEGIN CERTIFICATE.*END CERTIFICATE-----", edge.ca_file.read_text(), re.DOTALL)
    assert pem is not None
    return load_pem_x509_certificate(pem[0].encode()).not_valid_after_utc.timestamp()


def test_the_end_of_the_certificate_in_use_changes_with_a_reload(counting: Edge) -> None:
    """What is on disk and was not loaded helps no client, so it does not count."""
    first_s = end_of_certificate(counting)
    assert counting.metrics()[END] == first_s

    counting.replace_certificate(make_key_and_certificate("localhost", "ECDSA", timedelta(days=5)))
    assert counting.metrics()[END] == first_s
    counting.reload()

    assert counting.metrics()[END] == end_of_certificate(counting) != first_s


def test_unknown_sources_and_random_campaigns_make_no_series(counting: Edge) -> None:
    """A label that a sender chooses would let anyone fill the disk of Prometheus."""
    with counting.client() as client:
        warm_up = ("/tracking/postback/nobody", "/click/nowhere", "/sandbox/postback/nobody")
        assert {client.get(path).status_code for path in warm_up} == {200}
        wait_until(lambda: total(counting, REQUESTS) == len(warm_up))
        before = counting.metrics().keys()

        for number in range(STRANGERS):
            for path in warm_up:
                client.get(f"{path}-{number}?source=s{number}")

    wait_until(lambda: total(counting, REQUESTS) == len(warm_up) * (STRANGERS + 1))
    assert counting.metrics().keys() == before


def test_the_self_test_is_in_no_series() -> None:
    with EchoBackend() as own:
        own.set_sources(source("acme"), source("postledger-selftest"))
        with edge_with(own, POSTLEDGER_NETWORK_RATE="0") as edge:
            exchange(edge, post("/tracking/postback/postledger-selftest", b"x" * 131_073))
            wait_until(lambda: total(edge, REFUSALS, source="unknown", reason="payload_too_large") == 1)

            assert [name for name in edge.metrics() if "selftest" in name] == []


def test_plain_http_is_counted_and_operators_are_not(counting: Edge) -> None:
    httpx.get(counting.http_url + "/", timeout=ANSWER_WITHIN_S)

    wait_until(lambda: total(counting, REQUESTS, route="other", status="403") == 1)
    assert total(counting, REQUESTS) == 1
