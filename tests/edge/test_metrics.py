"""What the edge counts: right totals over all workers, closed label sets, every series of a known source from zero."""

import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest

from tests.edge.conftest import TALKATIVE, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import careless, exchange, get, post, read_all, shake_hands
from tests.parts.certificates import make_key_and_certificate
from tests.parts.edge import Edge, wait_until
from tests.parts.part import ANSWER_WITHIN_S

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
DAY_S = 86_400
SENDERS, EACH = 8, 250
CHUNKED = (
    b"POST /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 3
)
STRANGERS = 10_000


def total(edge: Edge, name: str, **labels: str) -> float:
    """The sum of all series of a name that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        value
        for series, value in edge.metrics().items()
        if series.startswith(name + "{") and all(one in series for one in wanted)
    )


@pytest.fixture
def counting(own_backend: EchoBackend) -> Iterator[Edge]:
    """An edge that nobody has asked anything yet."""
    own_backend.set_sources(source("acme"), source("closed", allow=["192.0.2.0/24"]), source("slow", rate=1, burst=1))
    environment = {**TALKATIVE, "POSTLEDGER_NETWORK_RATE": "0"}
    with Edge(backend_socket=own_backend.socket, environment=environment) as edge:
        yield edge


@pytest.fixture(scope="module")
def refusing() -> Iterator[Edge]:
    """An edge for tests that look at how its counts grow."""
    with EchoBackend() as backend:
        backend.set_sources(source("acme"), source("closed", allow=["192.0.2.0/24"]))
        with Edge(backend_socket=backend.socket, environment=TALKATIVE) as edge:
            yield edge


def test_every_reason_of_every_known_source_is_there_at_zero(counting: Edge) -> None:
    series = {name for name, value in counting.metrics().items() if name.startswith(REFUSALS) and value == 0}

    expected = {
        f'{REFUSALS}{{source="{slug}",reason="{reason}"}}'
        for slug in ("acme", "closed", "slow", "unknown")
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
    # Each is told in whole milliseconds, by a clock of its own.
    assert total(counting, UPSTREAM + "_sum") <= total(counting, DURATION + "_sum") + 0.003


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


@pytest.mark.parametrize(
    ("given", "name", "reason"),
    [
        ("localhost,*.partner.example,127.0.0.1", "evil.example", "unknown_name"),
        ("localhost,*.partner.example,127.0.0.1", "partner.example", "unknown_name"),
        ("localhost,*.partner.example,127.0.0.1", "xlocalhost", "unknown_name"),
        ("localhost,*.partner.example,127.0.0.1", "a.b.partner.example", None),
        ("localhost,*.partner.example,127.0.0.1", "LocalHost", None),
        ("localhost,*.partner.example,127.0.0.1", "localhost.", None),
        ("localhost,*.partner.example,127.0.0.1", None, None),
        ("localhost,*.partner.example", None, "no_name"),
    ],
)
def test_a_greeting_is_counted_as_refused_when_it_was(
    named: dict[str, Edge], given: str, name: str | None, reason: str | None
) -> None:
    """What counts has to know the names as well as nginx, which refuses."""
    edge = named[given]
    before, asked_before = refused_greetings(edge), total(edge, REQUESTS)

    if reason is None:
        with shake_hands(edge, careless(), name) as connection:
            connection.sendall(get("/nowhere"))
            read_all(connection)
        # Counted by the same worker, and brought to the others last.
        wait_until(lambda: total(edge, REQUESTS) == asked_before + 1)
        assert refused_greetings(edge) == before
    else:
        with pytest.raises(ssl.SSLError):
            shake_hands(edge, careless(), name)
        wait_until(lambda: refused_greetings(edge)[reason] > before[reason])
        assert refused_greetings(edge) == {**before, reason: before[reason] + 1}


def refused_greetings(edge: Edge) -> dict[str, float]:
    """How many greetings got no handshake, by what was wrong with their name."""
    return {reason: total(edge, REFUSED, reason=reason) for reason in ("no_name", "unknown_name")}


@pytest.fixture(scope="module")
def named() -> Iterator[dict[str, Edge]]:
    """An edge with an address among its names, and one without."""
    lists = ("localhost,*.partner.example,127.0.0.1", "localhost,*.partner.example")
    with EchoBackend() as backend, ExitStack() as stack:
        yield {given: stack.enter_context(edge_with(backend, POSTLEDGER_SERVER_NAMES=given)) for given in lists}


def _ask_twice(edge: Edge, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSession | None:
    """Two requests on one connection; gives what resumes the session."""
    first = get("/tracking/postback/acme").replace(b"Connection: close", b"Connection: keep-alive")
    with (
        socket.create_connection(("127.0.0.1", edge.https_port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as connection,
    ):
        connection.sendall(first + get("/tracking/postback/acme"))
        read_all(connection)
        return connection.session


def test_what_a_worker_had_counted_survives_a_reload(counting: Edge) -> None:
    for _ in range(20):
        exchange(counting, get("/tracking/postback/acme"))
        counting.reload()

    wait_until(lambda: total(counting, REQUESTS, route="postback", status="200") == 20)


@pytest.mark.parametrize(
    ("request_bytes", "counted"),
    [
        (get("/tracking/postback/closed"), ("postback", "403", "closed", "ip_not_allowed")),
        (get("/tracking/postback?source=closed"), ("postback", "403", "closed", "ip_not_allowed")),
        (get("/sandbox/postback/closed"), ("sandbox", "403", "closed", "ip_not_allowed")),
        (get("/nowhere"), ("other", "404", "unknown", "not_found")),
        (get("//tracking/postback/acme"), ("postback", "404", "unknown", "not_found")),
        (get("/click/x#y"), ("click", "400", "unknown", "malformed")),
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
    ],
)
def test_a_refusal_is_counted_once_by_its_source_and_reason(
    refusing: Edge, request_bytes: bytes, counted: tuple[str, str, str, str]
) -> None:
    route, code, slug, reason = counted

    def counts() -> tuple[float, float, float]:
        asked = total(refusing, REQUESTS, route=route, status=code)
        return asked, total(refusing, REFUSALS, source=slug, reason=reason), total(refusing, REFUSALS)

    asked, refused, all_refused = counts()
    one = 1 if reason else 0

    exchange(refusing, request_bytes)

    wait_until(lambda: counts() == (asked + 1, refused + one, all_refused + one))


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
        for route in ("click", "dialect", "healthz", "other", "postback", "sandbox", "schemas")
        for status in (500, 502, 503, 504)
    }


def test_the_end_of_the_certificate_in_use_is_told_and_changes_with_a_reload(counting: Edge) -> None:
    """What is on disk and was not loaded helps no client, so it does not count."""
    first_s = counting.metrics()[END]
    text = make_key_and_certificate("localhost", "ECDSA", timedelta(days=5))

    counting.replace_certificate(text)
    before_reload_s = counting.metrics()[END]
    counting.reload()

    assert first_s == pytest.approx(time.time() + 60 * DAY_S, abs=120)
    assert before_reload_s == pytest.approx(first_s, abs=2)
    assert counting.metrics()[END] == pytest.approx(time.time() + 5 * DAY_S, abs=120)


def test_ten_thousand_unknown_sources_and_random_campaigns_make_no_series(counting: Edge) -> None:
    """What a sender chooses must never become a label, or anybody could fill Prometheus' disk."""
    with counting.client() as client:
        warm_up = ("/tracking/postback/nobody", "/click/nowhere", "/sandbox/postback/nobody")
        assert {client.get(path).status_code for path in warm_up} == {200}
        wait_until(lambda: total(counting, REQUESTS) == len(warm_up))
        before = counting.metrics().keys()

        for number in range(STRANGERS // len(warm_up) + 1):
            for path in warm_up:
                client.get(f"{path}-{number}?source=s{number}")

    wait_until(lambda: total(counting, REQUESTS) > STRANGERS)
    assert counting.metrics().keys() == before


def test_plain_http_is_counted_and_operators_are_not(counting: Edge) -> None:
    httpx.get(counting.http_url + "/", timeout=ANSWER_WITHIN_S)

    wait_until(lambda: total(counting, REQUESTS, route="other", status="403") == 1)
    assert total(counting, REQUESTS) == 1
