"""The console behind the real edge: its listener, what the access log has of it, and what happens while it is down."""

import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.edge.wire import own_address
from tests.parts.console import Console
from tests.parts.decisions import Decisions, decisions
from tests.parts.edge import Edge
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.waiting import wait_until

__all__ = ["decisions"]


@pytest.fixture(scope="module")
def console(decisions: Decisions) -> Iterator[Console]:
    with Console({"DATABASE_URL": decisions.url}) as console:
        yield console


@pytest.fixture(scope="module")
def edge(console: Console) -> Iterator[Edge]:
    settings = {"POSTLEDGER_CONSOLE_SOCKET": str(console.socket)}
    with Edge(backend_socket="/tmp/no-such-socket", environment=settings) as edge:
        yield edge


def open_client(edge: Edge, address: str = "127.0.0.1") -> httpx.Client:
    transport = httpx.HTTPTransport(verify=edge.tls_context(), local_address=address)
    return httpx.Client(base_url=edge.console_url, transport=transport, timeout=ANSWER_WITHIN_S)


def test_a_request_is_decided_through_the_edge(decisions: Decisions, edge: Edge) -> None:
    request = decisions.ask()

    with open_client(edge) as client:
        answer = client.post("/decide", data={"code": decisions.link(request), "decision": "approve"})

    assert (answer.status_code, decisions.state(request)) == (200, "approved")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_the_log_of_the_edge_has_neither_path_nor_code(decisions: Decisions, edge: Edge) -> None:
    client_address, code = own_address(), decisions.link(decisions.ask("152.73"))

    with open_client(edge, client_address) as client:
        client.get(f"/decide?code={code}")
        client.post("/decide", data={"code": code}, headers={"Referer": f"https://mail.example/{code}"})
    wait_until(lambda: len(edge.access_log(client=client_address)) == 2, what="two lines")

    lines = edge.access_log(client=client_address)
    assert [(line["route"], line["status"]) for line in lines] == [("console", 200)] * 2
    assert re.search(r"pld_|decide|152\.73|mail\.example", str(lines) + edge.error_output()) is None


def test_what_people_do_at_the_console_is_no_traffic_of_senders(edge: Edge) -> None:
    before = edge.ask_ops("/metrics").text.count("postledger_edge_requests_total")
    with open_client(edge) as client:
        client.get("/nothing")

    text = edge.ask_ops("/metrics").text
    assert text.count("postledger_edge_requests_total") == before
    assert "console" not in text


def test_the_public_listener_has_no_console(edge: Edge) -> None:
    with edge.client() as client:
        assert client.get("/decide").status_code == 503  # no backend in this test, and no console here
        assert "code" not in client.get("/decide").text


def test_a_header_of_the_client_cannot_claim_another_address(decisions: Decisions, edge: Edge) -> None:
    wrong = {"code": "pld_" + "B" * 43}
    with open_client(edge, own_address()) as client:
        statuses = {
            client.post("/decide", data=wrong, headers={"X-Client-Address": f"192.0.2.{n}"}).status_code
            for n in range(11)
        }

    assert statuses == {404, 429}


def test_a_page_says_that_the_console_is_down(edge: Edge, console: Console) -> None:
    assert console.stop() == 0
    try:
        with open_client(edge, own_address()) as client:
            answer = client.post("/decide", data={"code": "x"})
        assert answer.status_code == 503
        assert answer.text.startswith("The console does not answer.")
    finally:
        console.start()


def test_the_page_says_that_the_ledger_is_down() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://x@127.0.0.1:{nobody.getsockname()[1]}/x"
        console = Console({"DATABASE_URL": url})
        try:
            console.start_without_waiting()
            wait_until(lambda: console.answers() == 503, what="a console without Postgres")
            with console.client() as client:
                answer = client.post("/decide", data={"code": "pld_" + "C" * 43})
            assert (answer.status_code, "Nothing was decided" in answer.text) == (503, True)
        finally:
            console.remove()


def test_a_bad_setting_stops_the_start_with_one_line() -> None:
    for settings in (
        {"DATABASE_URL": ""},
        {"DATABASE_URL": "postgresql://x@y/z", "POSTLEDGER_CONSOLE_STATUS_PORT": "no"},
    ):
        console = Console(settings)
        try:
            console.start_without_waiting()
            assert console.wait_for_end() != 0
            assert [line for line in console.log_text().splitlines() if line.startswith("postledger: ")] != []
        finally:
            console.remove()
