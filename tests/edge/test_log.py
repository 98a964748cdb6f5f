"""The access log: what each line says, from closed lists, and what it never says."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import exchange, get, header, post
from tests.parts.edge import Edge, wait_until

FIELDS = {
    "time",
    "receipt",
    "route",
    "source",
    "method",
    "status",
    "verdict",
    "reason",
    "observed",
    "params",
    "bytes",
    "duration_s",
    "upstream_duration_s",
    "client_address",
    "tls",
    "http",
}


def line_of(edge: Edge, request: bytes) -> dict[str, Any]:
    """The line that the log has about this request."""
    return edge.log_line(header(exchange(edge, request), "X-Request-Id"))


def test_a_line_has_these_fields_and_no_others(edge: Edge) -> None:
    line = line_of(edge, get("/tracking/postback/acme?payout=1"))

    assert set(line) == FIELDS
    assert (line["route"], line["source"], line["method"], line["status"]) == ("postback", "acme", "GET", 200)
    assert (line["client_address"], line["tls"], line["http"]) == ("127.0.0.1", "TLSv1.3", "1.1")
    assert line["bytes"] > 0
    assert line["duration_s"] >= 0
    assert line["upstream_duration_s"] >= 0


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", []),
        ("?sig=1&payout=2&click_id=3", ["click_id", "payout", "sig"]),
        ("?payout=1&payout=2", ["payout"]),
        ("?%70ayout=1&pay%6Fut=2", ["payout"]),
        ("?sub1&sub10=&sub11=x&SUB2=y", ["sub1", "sub10"]),
        ("?email=a@b.c&token=secret&4111111111111111", []),
        ('?"payout"=1&payout"=1&%22payout%22', []),
        ("?source=acme&v=1&ts=2", ["source", "ts", "v"]),
        ("?click_id==1&payout=a=b&sig", ["click_id", "payout", "sig"]),
        ("?=payout&=&ts=&&v", ["ts", "v"]),
    ],
)
def test_of_a_query_only_the_names_of_known_parameters_are_kept(edge: Edge, query: str, names: list[str]) -> None:
    assert line_of(edge, get("/tracking/postback/acme" + query))["params"] == names


@pytest.mark.parametrize(
    ("request_bytes", "reason"),
    [
        (get("/nowhere?sig=1"), "not_found"),
        (post("/tracking/postback/acme", b"x" * 131_073), "payload_too_large"),
        (get("/tracking/postback/acme#x"), "malformed"),
        (b"NONSENSE\r\n\r\n", "malformed"),
        (get("/tracking/postback/acme/die-before-answer"), "unavailable"),
    ],
)
def test_a_refusal_of_the_edge_is_logged_with_its_reason(edge: Edge, request_bytes: bytes, reason: str) -> None:
    line = line_of(edge, request_bytes)

    assert (line["verdict"], line["reason"]) == ("refused", reason)


def test_the_verdict_of_the_backend_is_logged_and_its_headers_stay_inside(edge: Edge) -> None:
    answer = exchange(edge, get("/tracking/postback/acme/verdict/refused/bad_signature"))

    line = edge.log_line(header(answer, "X-Request-Id"))
    assert (line["verdict"], line["reason"]) == ("refused", "bad_signature")
    assert b"x-postledger" not in answer.lower()


def test_a_verdict_that_is_none_of_ours_is_not_logged(edge: Edge) -> None:
    line = line_of(edge, get("/tracking/postback/acme/verdict/CANARY/bad_signature,CANARY"))

    assert (line["verdict"], line["reason"]) == ("", "")


def test_an_unknown_source_is_not_named(edge: Edge) -> None:
    assert line_of(edge, get("/tracking/postback/CANARY"))["source"] == ""


def test_what_was_observed_is_logged(edge: Edge) -> None:
    assert line_of(edge, get("/tracking/postback/watched"))["observed"] == "ip_not_allowed"


@pytest.fixture(scope="module")
def truncating(backend: EchoBackend) -> Iterator[Edge]:
    environment = {"POSTLEDGER_LOG_IP": "truncate", "POSTLEDGER_TRUSTED_PROXIES": "127.0.0.1"}
    with edge_with(backend, **environment) as edge:
        yield edge


def test_addresses_are_truncated_in_both_logs_if_that_is_configured(truncating: Edge) -> None:
    assert line_of(truncating, get("/tracking/postback/acme"))["client_address"] == "127.0.0.0"
    exchange(truncating, get("/tracking/postback/acme/die-before-answer"))

    wait_until(lambda: "upstream prematurely closed" in truncating.error_output())
    assert "client: [cut]" in truncating.error_output()
    assert re.search(r"client:? [0-9]", truncating.error_output()) is None


def test_ipv6_is_truncated_to_48_bits(truncating: Edge) -> None:
    line = line_of(truncating, get("/tracking/postback/acme", "X-Forwarded-For: 2001:db8:aaaa:bbbb::1"))

    assert line["client_address"] == "2001:db8:aaaa::"


def test_after_a_rotation_lines_go_to_the_new_file_and_none_is_lost(own_edge: Edge) -> None:
    log = own_edge.prefix / "logs" / "access.log"
    old = log.with_suffix(".old")
    receipts: list[str] = []

    def ask() -> str:
        receipts.append(header(exchange(own_edge, get("/tracking/postback/acme")), "X-Request-Id") or "none")
        return receipts[-1]

    def receipts_in(file: Path) -> list[str]:
        return [receipt for receipt in receipts if receipt in file.read_text()]

    own_edge.log_line(ask())
    log.rename(old)
    renamed = ask()
    wait_until(lambda: renamed in receipts_in(old))
    ask()  # whose line may still be held back

    os.kill(own_edge.pid, signal.SIGUSR1)
    wait_until(log.exists)
    wait_until(lambda: ask() != "" and receipts_in(log) != [])

    wait_until(lambda: sorted(receipts_in(old) + receipts_in(log)) == sorted(receipts))
    assert own_edge.ask_ops("/status").status_code == 200
