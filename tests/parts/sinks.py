"""Receivers of forwards, as other people's servers are: they answer what a test says, or misbehave."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


OK = Reply()


class Sink:
    """An HTTP server that keeps every request and answers `reply`, or what `reply` gives for the request."""

    def __init__(self, reply: Reply | Callable[[Asked], Reply] = OK, trust: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.reply = reply
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers.items()), body)
                sink.asked.append(asked)
                reply = sink.reply(asked) if callable(sink.reply) else sink.reply
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            do_POST = do_GET  # noqa: N815 - the library's own word

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that goes away in the middle

        self._server = Server(("127.0.0.1", 0), Handler)
        if trust is not None:
            self._server.socket = trust.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """Path and query of each request, in the order in which they came."""
        return [asked.target for asked in list(self.asked)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class RawSink:
    """A server that does with each connection what `behave` says. The event is set when the test ends."""

    def __init__(self, behave: Callable[[socket.socket, Event], None]) -> None:
        self._behave, self._ends = behave, Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._accept)
        self.count = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.count += 1
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            self._behave(connection, self._ends)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def hang(_connection: socket.socket, ends: Event) -> None:
    """Read the request and never answer."""
    ends.wait()


def answer_and_hang(connection: socket.socket, ends: Event) -> None:
    """Answer 200 and never send the body."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    ends.wait()


def drip(connection: socket.socket, ends: Event) -> None:
    """Send a body byte by byte, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while not ends.wait(0.01):
        connection.sendall(b".")


def continue_for_ever(connection: socket.socket, ends: Event) -> None:
    """Say that the answer comes, again and again."""
    while not ends.wait(0.01):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def send_headers_for_ever(connection: socket.socket, ends: Event) -> None:
    """Send header after header."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ends.is_set():
        connection.sendall(b"X-More: more\r\n")


def stream_for_ever(connection: socket.socket, ends: Event) -> None:
    """Answer 200 with a body without end, as fast as it goes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not ends.is_set():
        connection.sendall(b"x" * 65536)


def say(text: bytes) -> Callable[[socket.socket, Event], None]:
    """Send these bytes and close."""

    def behave(connection: socket.socket, _ends: Event) -> None:
        connection.sendall(text)

    return behave
