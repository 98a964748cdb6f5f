"""One exchange with a receiver: what is sent, which addresses are refused, and how a bad answer ends."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent.ssl
import pytest
from msgspec.structs import replace

from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.deliver import deliver
from postledger.outgoing.resolve import SystemResolver
from postledger.outgoing.rules.addresses import Blocked
from postledger.outgoing.rules.forward import Facts, Forward
from postledger.outgoing.rules.render import render
from postledger.vocabulary.statuses import Status
from tests.parts.certificates import make_server_certificate
from tests.parts.sinks import (
    RawSink,
    Reply,
    Sink,
    answer_and_hang,
    continue_for_ever,
    drip,
    hang,
    say,
    send_headers_for_ever,
    stream_for_ever,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FACTS = Facts("r-1", 1, "c-1", "acme", "sale", Status.APPROVED, "ABC 1", payout=None)


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    resolver = SystemResolver()
    yield Network(resolver, trust_system())
    resolver.close()


def send(url: str, network: Network, **settings: Any) -> Answer:
    forward = replace(Forward("voluum", url, allow_private=True), **settings)
    return deliver(render(forward, FACTS, (), NOW), forward, network)


def resolving_to(network: Network, *addresses: str) -> Network:
    return replace(network, resolve=lambda host, port: addresses)


def test_a_get_arrives_with_its_query_and_its_id(network: Network) -> None:
    with Sink() as sink:
        answer = send(f"{sink.url}/p?cid={{click_id}}", network)

    assert answer == Answer(200)
    (asked,) = sink.asked
    assert (asked.method, asked.target, asked.body) == ("GET", "/p?cid=ABC%201", b"")
    assert asked.headers["Host"] == f"127.0.0.1:{sink.port}"
    assert asked.headers["webhook-id"] == "r-1_voluum"
    assert "Cookie" not in asked.headers


def test_a_post_arrives_with_its_body(network: Network) -> None:
    with Sink() as sink:
        send(f"{sink.url}/p", network, method="json")

    (asked,) = sink.asked
    assert (asked.method, asked.headers["Content-Type"]) == ("POST", "application/json")
    assert b'"click_id":"ABC 1"' in asked.body


def test_a_name_is_looked_up_once_and_sent_as_host(network: Network) -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    with Sink() as sink:
        send(f"http://track.example:{sink.port}/p", replace(network, resolve=resolve))

    assert looked_up == ["track.example"]
    assert sink.asked[0].headers["Host"] == f"track.example:{sink.port}"


def test_another_address_of_the_host_is_tried(network: Network) -> None:
    with Sink() as sink:
        answer = send(f"http://track.example:{sink.port}/p", resolving_to(network, "127.0.0.2", "127.0.0.1"))

    assert answer.status == 200


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", Blocked.LOOPBACK),
        ("10.0.0.1", Blocked.PRIVATE),
        ("169.254.169.254", Blocked.METADATA),
        ("::ffff:10.0.0.1", Blocked.EMBEDDED_IPV4),
        ("2002:7f00:1::", Blocked.EMBEDDED_IPV4),
    ],
)
def test_an_address_is_checked_again_when_it_is_sent(network: Network, address: str, reason: Blocked) -> None:
    with Sink() as sink:
        answer = send(f"http://track.example:{sink.port}/p", resolving_to(network, address), allow_private=False)

    assert (answer, sink.asked) == (Answer(blocked=reason), [])
    assert answer.fault_word == f"blocked_{reason}"


def test_one_private_address_among_public_ones_is_refused(network: Network) -> None:
    answer = send("http://track.example/p", resolving_to(network, "93.184.216.34", "127.0.0.1"), allow_private=False)

    assert answer.blocked is Blocked.LOOPBACK


def test_a_redirect_is_not_followed(network: Network) -> None:
    with Sink() as inner, Sink(Reply(302, {"Location": f"{inner.url}/secret"})) as sink:
        answer = send(f"{sink.url}/p", network)

    assert (answer, inner.asked) == (Answer(302, Fault.REDIRECT), [])


def test_proxies_of_the_environment_are_ignored(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as proxy, Sink() as sink:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        answer = send(f"{sink.url}/p", network)

    assert (answer.status, len(sink.asked), proxy.asked) == (200, 1, [])


@pytest.mark.parametrize("behave", [hang, answer_and_hang, drip, continue_for_ever])
def test_an_answer_that_takes_too_long_is_given_up(network: Network, behave: Any) -> None:
    with RawSink(behave) as sink:
        answer = send(f"{sink.url}/p", network, timeout_s=0.3)

    assert answer == Answer(fault=Fault.TIMEOUT)


@pytest.mark.parametrize(
    ("behave", "fault"),
    [
        (send_headers_for_ever, Fault.ANSWER),
        (say(b""), Fault.BROKEN),
        (say(b"SSH-2.0-OpenSSH\r\n"), Fault.ANSWER),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), Fault.BROKEN),
        (say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok"), Fault.BROKEN),
    ],
)
def test_a_bad_answer_has_a_name(network: Network, behave: Any, fault: Fault) -> None:
    with RawSink(behave) as sink:
        answer = send(f"{sink.url}/p", network)

    assert answer == Answer(fault=fault)


def test_a_body_without_end_is_read_up_to_a_limit(network: Network) -> None:
    with RawSink(stream_for_ever) as sink:
        answer = send(f"{sink.url}/p", network)

    assert answer == Answer(200)


def test_a_port_that_nothing_listens_on_cannot_be_connected(network: Network) -> None:
    with Sink() as sink:
        url = sink.url
    assert send(f"{url}/p", network) == Answer(fault=Fault.CONNECT)


def test_a_name_without_address_is_a_fault(network: Network) -> None:
    assert send("http://track.invalid/p", resolving_to(network)) == Answer(fault=Fault.NAME)


def test_retry_after_is_handed_on(network: Network) -> None:
    with Sink(Reply(503, {"Retry-After": "120"})) as sink:
        assert send(f"{sink.url}/p", network) == Answer(503, retry_after="120")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "track.pem"
    path.write_text(make_server_certificate("track.example"))
    return path


def serve_tls(certificate: Path, asked_for: list[str | None]) -> ssl.SSLContext:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    serving.sni_callback = lambda _, name, __: asked_for.append(name)
    return serving


def trusting(certificate: Path) -> gevent.ssl.SSLContext:
    trust = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(certificate)
    return trust


def test_tls_checks_the_name_of_the_url(network: Network, certificate: Path) -> None:
    asked_for: list[str | None] = []
    here = replace(resolving_to(network, "127.0.0.1"), trust=trusting(certificate))
    with Sink(trust=serve_tls(certificate, asked_for)) as sink:
        good = send(f"https://track.example:{sink.port}/p", here)
        other = send(f"https://other.example:{sink.port}/p", here)

    assert (good, other, len(sink.asked)) == (Answer(200), Answer(fault=Fault.TLS), 1)
    assert asked_for == ["track.example", "other.example"]


def test_a_certificate_of_an_unknown_authority_is_refused(network: Network, certificate: Path) -> None:
    with Sink(trust=serve_tls(certificate, [])) as sink:
        answer = send(f"https://track.example:{sink.port}/p", resolving_to(network, "127.0.0.1"))

    assert (answer, sink.asked) == (Answer(fault=Fault.TLS), [])
