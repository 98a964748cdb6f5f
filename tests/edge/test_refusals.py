"""Answers that the edge makes itself: the contract's shape, the contract's words, an honest status."""

import json
from typing import Any

import httpx
import pytest

from tests.edge.wire import UUID7, body, exchange, get, header, post, status, tls_connection
from tests.edge.wire_http2 import ask
from tests.parts.edge import Edge
from tests.parts.part import ANSWER_WITHIN_S

PATH = "/tracking/postback/acme"
LIMIT = 131_072


def named(reason: str) -> dict[str, str]:
    """A reason of the edge, and the cause of the only one that has several."""
    return {"reason": reason, "cause": "request_head"} if reason == "malformed" else {"reason": reason}


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and reason of an answer that must be a refusal in the contract's shape."""
    said: dict[str, Any] = json.loads(body(answer))
    assert said == {"status": "refused", "id": said["id"], **named(said["reason"])}
    assert UUID7.fullmatch(said["id"])
    assert header(answer, "Content-Type") == "application/json"
    return status(answer), said["reason"]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/clicks", "/tracking/postbacks/acme", "/tracking", "/healthz/x"])
def test_a_path_that_is_no_route_is_not_found(edge: Edge, path: str) -> None:
    assert refusal(exchange(edge, get(path))) == (404, "not_found")


def test_a_body_of_128_kib_is_left_to_the_backend_to_judge(edge: Edge) -> None:
    assert status(exchange(edge, post(PATH, b"x" * LIMIT))) == 200


def test_a_larger_body_is_refused(edge: Edge) -> None:
    assert refusal(exchange(edge, post(PATH, b"x" * (LIMIT + 1)))) == (413, "payload_too_large")


def test_a_refused_post_is_a_post_in_the_log(edge: Edge) -> None:
    receipt = header(exchange(edge, post(PATH, b"x" * (LIMIT + 1))), "X-Request-Id")

    assert edge.log_line(receipt)["method"] == "POST"


def test_a_larger_body_is_refused_on_its_announcement(edge: Edge) -> None:
    with tls_connection(edge) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n".encode())

        assert refusal(connection.recv(65536)) == (413, "payload_too_large")


def test_a_larger_body_in_chunks_is_refused(edge: Edge) -> None:
    head = b"POST /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    assert refusal(exchange(edge, head + chunks * 3)) == (413, "payload_too_large")


def test_a_larger_body_is_refused_over_http2(edge: Edge) -> None:
    with edge.client(http2=True) as client:
        # Only announced: httpx does not listen while it sends.
        answer = client.post(PATH, content=b"x", headers={"Content-Length": str(LIMIT + 1)})

    assert (answer.status_code, answer.json()["reason"]) == (413, "payload_too_large")


def over_http2(path: str, method: str = "GET", **more: str) -> list[tuple[str, str]]:
    return [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path), *more.items()]


@pytest.mark.parametrize(
    ("headers", "code", "reason"),
    [
        (over_http2("/nowhere"), 404, "not_found"),
        (over_http2("//tracking/postback/acme"), 404, "not_found"),
        (over_http2(PATH, "BREW"), 405, "method_not_allowed"),
        (over_http2("/tracking/postback/closed"), 403, "ip_not_allowed"),
        (over_http2(PATH + "#x"), 400, "malformed"),
        (over_http2(PATH, host="another"), 400, "malformed"),
        (over_http2(""), 400, "malformed"),
        (over_http2("https://localhost" + PATH), 400, "malformed"),
        (over_http2(PATH)[:3], 400, "malformed"),
        (over_http2(PATH, "get"), 400, "malformed"),
        (over_http2(PATH, **{":path": "/tracking/postback/closed"}), 400, "malformed"),
        (over_http2(PATH, "POST", **{"content-length": "x"}), 400, "malformed"),
        (over_http2(PATH, "POST", **{"content-length": "5"}), 400, "malformed"),
        (over_http2(PATH, **{f"x-{number}": "y" for number in range(2000)}), 431, "malformed"),
        (over_http2(PATH + "/die-before-answer"), 503, "unavailable"),
    ],
)
def test_over_http2_a_refusal_has_the_same_shape(
    edge: Edge, headers: list[tuple[str, str]], code: int, reason: str
) -> None:
    heard = ask(edge, headers)

    assert (heard.end, heard.status, heard.headers["content-type"]) == ("answered", code, "application/json")
    assert json.loads(heard.body) == {"status": "refused", "id": heard.headers["x-request-id"], **named(reason)}


@pytest.mark.parametrize("headers", [over_http2(PATH, **{"x-long": "#" * 20_000}), over_http2("/" + "#" * 20_000)])
def test_over_http2_what_is_too_long_for_the_buffers_ends_the_connection(
    edge: Edge, headers: list[tuple[str, str]]
) -> None:
    assert ask(edge, headers).end == "goaway"


@pytest.mark.parametrize(
    "header",
    [("x-a", "b\r\nx-b: c"), ("x-a", "b\0"), ("x-a: b\r\nx-b", "c"), ("X-Client-Address", "192.0.2.1"), ("x a", "b")],
)
def test_over_http2_a_header_that_would_be_two_in_http1_is_no_request(edge: Edge, header: tuple[str, str]) -> None:
    heard = ask(edge, [*over_http2(PATH), header])

    # Debian's nginx resets the stream; a newer one, as in OpenResty, can answer 400 for a broken value.
    assert heard.end == "reset" or (heard.status, json.loads(heard.body)["reason"]) == (400, "malformed")


def test_a_request_line_beyond_the_buffers_is_malformed(edge: Edge) -> None:
    assert refusal(exchange(edge, get(PATH + "?x=" + "y" * 20_000))) == (414, "malformed")


def test_headers_beyond_the_buffers_are_malformed(edge: Edge) -> None:
    assert refusal(exchange(edge, get(PATH, "X-Long: " + "y" * 20_000))) == (431, "malformed")


def test_an_over_long_request_is_answered_while_it_is_still_sent(edge: Edge) -> None:
    for _ in range(10):
        assert refusal(exchange(edge, get(PATH + "?x=" + "y" * 200_000))) == (414, "malformed")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /tracking/postback/acme HTTP/1.1\r\n\r\n",
        b"GET /tracking/postback/acme HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /tracking/postback/acme\xff\xfe?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /tracking/postback/acme?x=\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /tracking/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n",
        b"POST /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_malformed(edge: Edge, request_bytes: bytes) -> None:
    assert refusal(exchange(edge, request_bytes)) == (400, "malformed")


@pytest.mark.parametrize("body_of_it", [b"0x5\r\n", b"3\r\na=bXX0\r\n\r\n"])
@pytest.mark.parametrize(
    "start", ["POST /nowhere", "POST /tracking/postback/closed", "BREW /click/spring", "GET /schemas/x#"]
)
def test_a_refused_request_with_a_broken_body_is_malformed(edge: Edge, start: str, body_of_it: bytes) -> None:
    """nginx reads the body on, to throw it away, and finds a second fault when it is about to answer the first."""
    request = f"{start} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body_of_it

    assert refusal(exchange(edge, request)) == (400, "malformed")


@pytest.mark.parametrize("method", ["TRACE", "BREW", "A" * 40])
def test_an_unknown_method_is_answered_with_the_allowed_ones(edge: Edge, method: str) -> None:
    answer = exchange(edge, get(PATH).replace(b"GET", method.encode(), 1))

    assert refusal(answer) == (405, "method_not_allowed")
    assert header(answer, "Allow") == "GET, POST"


def test_plain_http_on_the_tls_port_is_malformed(edge: Edge) -> None:
    answer = httpx.get(f"http://127.0.0.1:{edge.https_port}{PATH}", timeout=ANSWER_WITHIN_S)

    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


def test_only_an_answer_of_unavailable_asks_for_a_retry(edge: Edge) -> None:
    assert header(exchange(edge, get("/nowhere")), "Retry-After") is None


TOO_MANY = [f"X-Odd-{number}: x" for number in range(99)]
UNREADABLE_FIELDS = [
    ["X-Odd: a\x01b"],
    ["X-Odd: \x7f"],
    ["X-Odd: a", "X-Odd: \x0b"],
    ["Content-Type: a", "Content-Type: a"],
]


@pytest.mark.parametrize("fields", [TOO_MANY, *UNREADABLE_FIELDS], ids=lambda fields: fields[0])
@pytest.mark.parametrize("path", [PATH, "/schemas/x", "/healthz"])
def test_header_fields_that_the_backend_cannot_read_are_malformed(edge: Edge, path: str, fields: list[str]) -> None:
    answer = exchange(edge, get(path, *fields))

    assert refusal(answer) == (400, "malformed")
    assert json.loads(body(answer))["id"] == header(answer, "X-Request-Id")
    assert edge.log_line(header(answer, "X-Request-Id"))["reason"] == "malformed"


def test_100_header_fields_and_a_tab_are_passed_on(edge: Edge) -> None:
    assert status(exchange(edge, get(PATH, *TOO_MANY[:97], "X-Odd: a\tb"))) == 200
