"""HTTP/2 requests header by header, for what no client library would send: nothing here looks whether they are allowed.

Apart from `wire` because here frames and streams are what bytes are there.
"""

import socket
from collections.abc import Sequence

import msgspec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)

from tests.parts.edge import Edge
from tests.parts.waiting import HANGS_AFTER_S

STREAM = 1


class Heard(msgspec.Struct):
    """What came back: `end` is how: "answered", "reset", "goaway" or "closed"."""

    end: str = ""
    status: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""


def ask(edge: Edge, headers: Sequence[tuple[str, str]], body: bytes | None = None) -> Heard:
    """One request on a connection of its own; fails with `TimeoutError` when nothing comes back."""
    context = edge.tls_context()
    context.set_alpn_protocols(["h2"])
    speaker = H2Connection(
        H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8")
    )
    speaker.initiate_connection()
    speaker.send_headers(STREAM, [*headers], end_stream=body is None)
    if body is not None:
        speaker.send_data(STREAM, body, end_stream=True)
    plain = socket.create_connection(("127.0.0.1", edge.https_port), timeout=HANGS_AFTER_S)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(speaker.data_to_send())
        return _listen(connection, speaker)


def _listen(connection: socket.socket, speaker: H2Connection) -> Heard:
    heard = Heard()
    while not heard.end:
        received = connection.recv(65536)
        if not received:
            heard.end = "closed"
        for event in speaker.receive_data(received):
            _take(heard, event)
    return heard


def _take(heard: Heard, event: Event) -> None:
    match event:
        case ResponseReceived():
            heard.headers = {str(name): str(value) for name, value in event.headers or ()}
            heard.status = int(heard.headers[":status"])
        case DataReceived():
            heard.body += event.data or b""
        case StreamReset():
            heard.end = heard.end or "reset"
        case ConnectionTerminated():
            heard.end = heard.end or "goaway"
        case StreamEnded():
            heard.end = "answered"
