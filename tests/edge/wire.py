"""Requests written byte by byte, for what no client library would send, and the pieces of what comes back.

Apart from the tests because leaks, refusals and passing-on all need the bytes to be exactly these.
"""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import count

from httpx import Client, HTTPTransport, Response

from tests.parts.edge import Edge
from tests.parts.waiting import HANGS_AFTER_S, wait_until

ADDRESSES = map(str, map(IPv4Address("127.1.0.0").__add__, count(1)))
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def own_address() -> str:
    """An address of this machine that no other request comes from, by which its line in the log is known."""
    return next(ADDRESSES)


def careless(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """The settings of a client that does not look at whom it speaks to, and knows no newer version of TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    return context


def connect(port: int, client: str = "127.0.0.1") -> socket.socket:
    """An open connection from that address to this port of the edge."""
    return socket.create_connection(("127.0.0.1", port), timeout=HANGS_AFTER_S, source_address=(client, 0))


def shake_hands(
    edge: Edge, context: ssl.SSLContext, name: str | None = "localhost", client: str = "127.0.0.1"
) -> ssl.SSLSocket:
    """A TLS connection by a client at that address, with these settings, that asks for this name, or for none."""
    return context.wrap_socket(connect(edge.https_port, client), server_hostname=name)


def tls_connection(edge: Edge, client: str = "127.0.0.1") -> ssl.SSLSocket:
    """An open TLS connection from that address that speaks HTTP/1.1."""
    return shake_hands(edge, edge.tls_context(), client=client)


def exchange(edge: Edge, request: bytes, client: str = "127.0.0.1") -> bytes:
    """Sends these bytes over TLS and returns all that comes back until the edge closes the connection."""
    with tls_connection(edge, client) as connection:
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


def post_late(edge: Edge, target: str, halves: tuple[bytes, bytes], headers: dict[str, str], client: str) -> Response:
    """The answer to a body over HTTP/2 whose second half comes when the log tells that the edge has lost patience.

    It is sent from that address, an own one: by it the line is known.
    """

    def late() -> Iterator[bytes]:
        yield halves[0]
        wait_until(lambda: edge.access_log(client=client) != [], what="the end of the edge's patience")
        yield halves[1]

    transport = HTTPTransport(verify=edge.tls_context(), http2=True, local_address=client)
    with Client(base_url=edge.https_url, transport=transport, timeout=HANGS_AFTER_S) as sender:
        return sender.post(target, content=late(), headers=headers)
