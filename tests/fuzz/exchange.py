"""Sends fuzzed requests over kept connections, several at a time, and reads each response by its own framing."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from tests.edge.wire import read_all
from tests.fuzz.cases import Case

TOGETHER = 16
_LENGTH = re.compile(rb"^content-length: (\d+)\r$", re.IGNORECASE | re.MULTILINE)
_CLOSES = re.compile(rb"^connection: close\r$", re.IGNORECASE | re.MULTILINE)
_RECEIPT = re.compile(
    rb'^x-request-id: ([0-9a-f-]{36})\r$|"id":"([0-9a-f-]{36})"|Receipt: ([0-9a-f-]{36})', re.IGNORECASE | re.MULTILINE
)

Connect = Callable[[], socket.socket]


class Response(msgspec.Struct, frozen=True):
    """A response as bytes. No bytes mean that the connection was closed without one."""

    raw: bytes

    @property
    def status(self) -> int:
        """Its status; 0 without a response; 999 if it is no HTTP.

        A request line without a version is HTTP/0.9, which has neither status nor headers: only our refusal may come.
        """
        if self.raw.startswith(b'{"status":"refused",'):
            return 400
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", self.raw)
        return 0 if not self.raw else int(found[1]) if found else 999

    @property
    def is_unavailable(self) -> bool:
        """True if it is a 503 for a cause that Postledger names."""
        return self.status == 503 and b"\nx-postledger-reason: unavailable\r" in self.raw

    @property
    def has_receipt(self) -> bool:
        """True if its header or its body names the receipt."""
        return _RECEIPT.search(self.raw) is not None


def send_all(connect: Connect, cases: Sequence[Case]) -> Iterator[tuple[Case, Response]]:
    """Send each case once; give each with its response."""
    whole = [case for case in cases if case.is_whole]
    while whole:
        answered = list(_send_together(connect, whole[:TOGETHER]))
        yield from answered
        del whole[: len(answered)]
    for case in cases:
        if not case.is_whole:
            yield case, Response(_send_alone(connect, case))


def _send_together(connect: Connect, cases: Sequence[Case]) -> Iterator[tuple[Case, Response]]:
    """Send cases without a pause. A case after a closed connection is left for the next one."""
    with connect() as connection:
        with suppress(OSError):  # the other side may close early; its response can still be read
            connection.sendall(b"".join(case.raw for case in cases))
        reader = _Reader(connection)
        for case in cases:
            response = Response(reader.read(case.method == b"HEAD"))
            yield case, response
            if not response.raw or _CLOSES.search(response.raw.partition(b"\r\n\r\n")[0] + b"\r\n"):
                return


def _send_alone(connect: Connect, case: Case) -> bytes:
    """Send bytes whose end is unclear and say that they end here, so that no timeout is waited for."""
    with connect() as connection, suppress(OSError):
        connection.sendall(case.raw)
        socket.socket.shutdown(connection, socket.SHUT_WR)  # TLS' own shutdown would end the reading too
        return read_all(connection)
    return b""


class _Reader:
    """Reads responses, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._rest = connection, b""

    def read(self, without_body: bool) -> bytes:
        """The next response; no bytes if the connection was closed before its end."""
        while True:
            head = self._until(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 1"):
                break
        length = _LENGTH.search(head)
        if not head or without_body or head[9:12] in (b"204", b"304"):
            return head
        return head + self._exactly(int(length[1])) if length else head + self._until(b"0\r\n\r\n")

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest and self._receive():
            pass
        found, _, rest = self._rest.partition(end)
        if len(found) == len(self._rest):
            return b""
        self._rest = rest
        return found + end

    def _exactly(self, count: int) -> bytes:
        while len(self._rest) < count and self._receive():
            pass
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def _receive(self) -> bool:
        try:
            received = self._connection.recv(65_536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            return False
        self._rest += received
        return received != b""
