"""A TCP proxy before a server that can be told to lose what the server answers, or to end every connection."""

import socket
from contextlib import suppress
from threading import Event, Thread

from tests.parts.waiting import HANGS_AFTER_S


class LossyProxy:
    """`with LossyProxy(port) as proxy:` listens on `proxy.port`. `loses` set: answers are read and thrown away.

    `loses_answers_to`: so are the answers on connections on which these bytes were sent, and `lost` counts them.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [Thread(target=self._accept)]
        self.loses = Event()
        self.loses_answers_to: bytes | None = None
        self.lost = 0
        self.port = int(self._server.getsockname()[1])

    def __enter__(self) -> "LossyProxy":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(timeout=HANGS_AFTER_S)

    def cut(self) -> None:
        """End every connection."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:  # it is down, and may come back
                    client.close()
                    continue
                self._sockets += [client, server]
                loses = Event()
                for copy, source, sink in ((self._send, client, server), (self._answer, server, client)):
                    thread = Thread(target=copy, args=(source, sink, loses))
                    self._threads.append(thread)
                    thread.start()

    def _send(self, source: socket.socket, sink: socket.socket, loses: Event) -> None:
        with source, suppress(OSError):
            while data := source.recv(65536):
                if self.loses_answers_to is not None and self.loses_answers_to in data:
                    loses.set()
                    self.lost += 1
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)

    def _answer(self, source: socket.socket, sink: socket.socket, loses: Event) -> None:
        with source, suppress(OSError):
            while data := source.recv(65536):
                if not (self.loses.is_set() or loses.is_set()):
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
