"""Requests that are no HTTP: answered in the contract's shape, and quoted nowhere."""

import json
import socket
from itertools import count

import pytest

from tests.http.conftest import Service
from tests.parts.sender import Sender
from tests.parts.waiting import HANGS_AFTER_S, wait_until

CANARY = b"canary-4242"


def ask(service: Service, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(HANGS_AFTER_S)
        client.connect(str(service.backend.socket))
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    "request_",
    [
        CANARY + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Odd: " + CANARY + b"\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + CANARY + b" : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Type: " + CANARY + b"\r\nContent-Type: " + CANARY + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + CANARY + b"\r\n\r\n",
        b"POST /tracking/postback/acme HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + CANARY + b"\r\n",
    ],
)
def test_a_request_that_is_not_http_is_malformed_and_not_quoted(service: Service, request_: bytes) -> None:
    head, _, body = ask(service, request_).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b'"reason":"malformed"' in body
    assert CANARY not in head + body
    assert CANARY.decode() not in service.backend.log_text()


def test_a_request_that_is_not_http_keeps_the_receipt_of_the_edge(service: Service) -> None:
    receipt = "01990000-0000-7000-8000-000000000001"
    request = f"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: {receipt}\r\nX-Odd: \x01\r\n\r\n"

    _, _, body = ask(service, request.encode()).partition(b"\r\n\r\n")

    assert json.loads(body) == {"status": "refused", "id": receipt, "reason": "malformed", "cause": "request_head"}


def test_the_log_entries_about_them_are_sampled(service: Service) -> None:
    asked = count(1)

    def is_sampled() -> bool:
        ask(service, b"no HTTP\r\n\r\n")
        return 0 < service.backend.log_text().count("could not be parsed") < next(asked)

    wait_until(is_sampled, what="an entry that is left out")


TEMPLATES = [
    ("{payout}", "{…}"), ("{{MONEY}}", "{{…}}"), ("%23s2%23", "#…#"), ("%23%23ID%23%23", "##…##"), ("[payout]", "[…]"),
    ("[[[subid]]]", "[[[…]]]"), ("${sum}", "${…}"), ("%commission%", "%…%"), ("<click_id>", "<…>"),
    ("!!!clickRef!!!", "!!!…!!!"), ("(SubParam)", "(…)"), ("[%VAL%]", "[%…%]"), ("xxc1xx", "xx…xx"),
    ("REPLACE", "REPLACE"),
]  # fmt: skip
"""Of each of the thirteen styles, and the literal, as in a template. No client sends what follows a bare #."""


@pytest.mark.parametrize(("written", "style"), TEMPLATES)
@pytest.mark.parametrize("parameter", ["payout", "click_id"])
def test_an_unfilled_template_is_named_by_parameter_and_style(
    service: Service, acme: Sender, parameter: str, written: str, style: str
) -> None:
    beside = "" if parameter == "click_id" else "&click_id=C1"
    target = acme.get(f"{parameter}={written}{beside}").target
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    _, _, body = ask(service, request.encode()).partition(b"\r\n\r\n")

    told = json.loads(body)
    assert (told["reason"], told["parameter"], told["macro"]) == ("unresolved_macro", parameter, style)


def test_the_backend_takes_long_and_many_headers(service: Service) -> None:
    headers = {f"X-Odd-{number}": "x" for number in range(90)} | {"X-Long": "x" * 15_000}

    assert service.client.get("/schemas/postback-v1.json", headers=headers).status_code == 200
