"""Sends one hostile request as fast as it can, from addresses of its own, until its stdin is closed.

It is a process of its own, of the lowest priority, because an attacker has a machine of their own. It prints the
responses by status.
"""

import json
import os
import re
import socket
import ssl
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

CONNECTIONS, TOGETHER = 8, 8
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def make_worst_body() -> bytes:
    """A body of 64 KiB with as many members as fit: names that repeat, and lists."""
    members = b"".join(b',"%d":[],"z":[]' % number for number in range(5000))
    return (b'{"v":"2","z":[]' + members)[:65_535].rpartition(b",")[0] + b"}"


def make_requests() -> dict[str, bytes]:
    """The requests of each attack."""
    body = make_worst_body()
    fields = b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    labels = b"&".join(b"sub%d=%b" % (number, b"x" * 200) for number in range(1, 11))
    return {
        "unsigned bodies": b"POST /tracking/postback/attacked HTTP/1.1\r\n" + fields + body,
        "clicks": b"GET /click/spring?aff=456&" + labels + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    }


def flood(port: int, context: ssl.SSLContext, address: str, request: bytes, stopping: Event) -> Counter[int]:
    """Send from one address, over one connection after the other."""
    seen: Counter[int] = Counter()
    while not stopping.is_set():
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(address, 0)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            while not stopping.is_set():
                connection.sendall(request * TOGETHER)
                seen.update(read_statuses(connection))
    return seen


def read_statuses(connection: socket.socket) -> list[int]:
    """The statuses of the responses to what was sent together."""
    received = b""
    while len(statuses := _STATUS.findall(received)) < TOGETHER:
        chunk = connection.recv(65_536)
        if not chunk:
            raise ConnectionResetError
        received += chunk
    return [int(status) for status in statuses]


def main(port: int, ca_file: str, kind: str, network: str) -> None:
    """Attack until stdin ends."""
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    context, stopping, request = ssl.create_default_context(cafile=ca_file), Event(), make_requests()[kind]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        floods = [
            pool.submit(flood, port, context, f"127.{network}.{number}", request, stopping)
            for number in range(1, CONNECTIONS + 1)
        ]
        sys.stdin.read()
        stopping.set()
        seen = sum((one.result() for one in floods), Counter[int]())
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
