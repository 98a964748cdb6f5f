"""A receiver of forwards that answers at once. It prints its port, and serves until it is killed."""

import sys
from typing import Any

from gevent.server import StreamServer

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _serve(connection: Any, _address: object) -> None:
    asked = b""
    while b"\r\n\r\n" not in asked and (read := connection.recv(65536)):
        asked += read
    connection.sendall(_ANSWER)
    connection.close()


def main() -> None:
    """Serve on a free port."""
    server = StreamServer(("127.0.0.1", 0), _serve, backlog=512)
    server.start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
