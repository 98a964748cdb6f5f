"""The exchange with the edge, over a real pair of sockets: what the application sees, and what goes over the wire."""

import socket
import time
from collections.abc import Iterator
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from postledger.platform.server.wsgi_exchange import LISTENER, STARTED_S, ByListener, exchange
from tests.parts.waiting import HANGS_AFTER_S

LARGE_BYTES = 4 * 2**20
HEAD_BYTES = len(f"HTTP/1.1 200 OK\r\ncontent-length: {LARGE_BYTES}\r\n\r\n")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The backend's end, and the edge's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(HANGS_AFTER_S)
        theirs.settimeout(HANGS_AFTER_S)
        yield ours, theirs


def a_request(*headers: tuple[str, str]) -> Any:
    return SimpleNamespace(
        method="GET", uri="/a%2Fb?x=%31", path="/a%2Fb", query="x=%31", body=None, headers=list(headers)
    )


def answering(body: bytes, *headers: tuple[str, str]) -> Any:
    def application(_: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("content-length", str(len(body))), *headers])
        return [body]

    return application


def test_head_and_body_are_sent_together(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    exchange(answering(b"done"), {}, a_request(), ours, closes=False)

    assert theirs.recv(4096) == b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone"


def test_the_last_response_of_a_connection_says_close(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    exchange(answering(b""), {}, a_request(), ours, closes=True)

    assert b"\r\nConnection: close\r\n\r\n" in theirs.recv(4096)


def test_a_response_larger_than_the_socket_buffer_arrives_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    body = b"0123456789abcdef" * (LARGE_BYTES // 16)
    writer = Thread(target=exchange, args=(answering(body), {}, a_request(), ours), kwargs={"closes": False})

    writer.start()
    received = b""
    while len(received) < LARGE_BYTES + HEAD_BYTES:
        received += theirs.recv(2**20)
    writer.join()

    assert received.partition(b"\r\n\r\n")[2] == body


def _is_readable(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        return bool(end.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


@pytest.mark.parametrize("value", ["/x\r\nSet-Cookie: a=b", "/x\nSet-Cookie: a=b", "/x\r"])
def test_a_header_with_a_line_break_is_never_sent(ends: tuple[socket.socket, socket.socket], value: str) -> None:
    ours, theirs = ends

    with pytest.raises(ValueError, match="line break"):
        exchange(answering(b"", ("location", value)), {}, a_request(), ours, closes=False)

    assert not _is_readable(theirs)


def test_the_environment_is_as_wsgi_defines_it(ends: tuple[socket.socket, socket.socket]) -> None:
    seen: dict[str, Any] = {}

    def application(environment: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environment)
        start("204 No Content", [])
        return []

    headers = [("CONTENT-TYPE", "application/json"), ("X-ONE", "1"), ("X-ONE", "2"), ("HOST", "postledger")]
    before_s = time.perf_counter()
    exchange(application, {"SCRIPT_NAME": ""}, a_request(*headers), ends[0], closes=False)

    del seen["wsgi.input"]
    assert before_s <= seen.pop(STARTED_S) <= time.perf_counter()
    assert seen == {
        "SCRIPT_NAME": "",
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/a%2Fb?x=%31",
        "QUERY_STRING": "x=%31",
        "PATH_INFO": "/a/b",
        "CONTENT_TYPE": "application/json",
        "HTTP_X_ONE": "1,2",
        "HTTP_HOST": "postledger",
    }


def test_a_request_leaves_the_base_environment_unchanged(ends: tuple[socket.socket, socket.socket]) -> None:
    base: dict[str, Any] = {"SCRIPT_NAME": ""}

    exchange(answering(b""), base, a_request(("X-ONE", "1")), ends[0], closes=False)

    assert base == {"SCRIPT_NAME": ""}


@pytest.mark.parametrize(
    ("listener", "answered"), [("/public", b"public"), ("/operators", b"operators"), ("/other", b"public")]
)
def test_a_request_is_answered_by_the_application_of_its_listener(
    ends: tuple[socket.socket, socket.socket], listener: str, answered: bytes
) -> None:
    ours, theirs = ends
    applications = ByListener(answering(b"public"), {"/operators": answering(b"operators")}, close=lambda: None)

    exchange(applications, {LISTENER: listener}, a_request(), ours, closes=False)

    assert theirs.recv(4096).endswith(b"\r\n\r\n" + answered)
