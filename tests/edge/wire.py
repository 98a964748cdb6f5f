"""Requests written byte by byte, for what no client library would send, and the pieces of what comes back.

Apart from the tests because leaks, refusals and passing-on all need the bytes to be exactly these.
"""

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator

from tests.parts.edge import Edge
from tests.parts.waiting import wait_until

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def careless(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """The settings of a client that does not look at whom it speaks to, and knows no newer version of TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    return context


def shake_hands(edge: Edge, context: ssl.SSLContext, name: str | None = "localhost") -> ssl.SSLSocket:
    """A TLS connection by a client with these settings that asks for this name, or for none."""
    plain = socket.create_connection(("127.0.0.1", edge.https_port), timeout=30)
    return context.wrap_socket(plain, server_hostname=name)


def tls_connection(edge: Edge) -> ssl.SSLSocket:
    """An open TLS connection that speaks HTTP/1.1."""
    return shake_hands(edge, edge.tls_context())


def exchange(edge: Edge, request: bytes) -> bytes:
    """Sends these bytes over TLS and returns all that comes back until the edge closes the connection."""
    with tls_connection(edge) as connection:
        connection.sendall(request)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes, also when it does so without a proper good-bye."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return received


def get(target: str | bytes, *headers: str) -> bytes:
    """The bytes of a GET that asks for the connection to be closed."""
    raw = target.encode() if isinstance(target, str) else target
    lines = "".join(f"{header}\r\n" for header in ("Host: localhost", "Connection: close", *headers))
    return b"GET " + raw + b" HTTP/1.1\r\n" + lines.encode() + b"\r\n"


def post(target: str, body: bytes, *headers: str) -> bytes:
    """The bytes of a POST with a Content-Length that asks for the connection to be closed."""
    lines = "".join(f"{header}\r\n" for header in ("Host: localhost", "Connection: close", *headers))
    return f"POST {target} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def status(answer: bytes) -> int:
    """The status of an HTTP/1.1 answer."""
    return int(answer.split(b" ", 2)[1])


def header(answer: bytes, name: str) -> str | None:
    """The value of a header, None without it."""
    found = re.search(
        rf"^{name}: (.*)\r$", answer.split(b"\r\n\r\n")[0].decode() + "\r\n", re.IGNORECASE | re.MULTILINE
    )
    return found and found[1]


def answer_to(edge: Edge, target: str) -> tuple[int, str | None]:
    """Status of the answer to a GET and, if it is a refusal, the reason."""
    answer = exchange(edge, get(target))
    return status(answer), json.loads(body(answer)).get("reason")


def body(answer: bytes) -> bytes:
    """What follows the headers."""
    return answer.split(b"\r\n\r\n", 1)[1]


def late_body(edge: Edge, first: bytes, rest: bytes, *, at_once: int = 1) -> Iterator[bytes]:
    """A body over HTTP/2 whose rest comes when the edge has lost patience with as many as are sent at once.

    The log tells of that: it says so of each request that has begun since this was called.
    """
    since_s = time.time()

    def have_ended() -> bool:
        ended = [line for line in edge.access_log(since_s=since_s) if (line["http"], line["status"]) == ("2", 408)]
        return len(ended) >= at_once

    def send() -> Iterator[bytes]:
        yield first
        wait_until(have_ended, what="the end of the edge's patience")
        yield rest

    return send()
