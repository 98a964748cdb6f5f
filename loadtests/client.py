"""An HTTP client that sends from its own loopback address, byte for byte as it is told, and never repeats a request.

One call of `send` is one request on the wire, so one line of the ack log is too. geventhttpclient repeats a GET whose
connection broke and has no way to bind a local address; both are changed here. `tests/unit/loadtests/test_client.py`
names these seams.
"""

import time
from collections.abc import Mapping
from ipaddress import ip_address
from socket import SOL_IP
from urllib.parse import urlsplit

import gevent.local
import gevent.socket
import msgspec
from gevent.ssl import SSLContext, create_default_context
from geventhttpclient import HTTPClient, client
from geventhttpclient.connectionpool import SSLConnectionPool
from geventhttpclient.response import HTTPParseError

IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h; Python 3.11 does not name it
CONCURRENCY = 16
CONNECT_TIMEOUT_S = 10.0


class NotLoopback(Exception):
    """The target is not on this machine. Nothing was sent."""


class Request(msgspec.Struct, frozen=True):
    """A request as it goes onto the wire."""

    target: str
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    """What came back, and when the request was sent (epoch seconds). Without a response `http` is 0, `error` a word."""

    http: int
    body: bytes
    sent_s: float
    took_s: float
    error: str = ""
    headers: Mapping[str, str] = {}


def check_loopback(url: str) -> None:
    """Raise `NotLoopback` unless the URL names a loopback address. Nothing is resolved and no socket is opened."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotLoopback(f"{host or url!r} is not a loopback address; load tests only talk to this machine")


def now_s() -> float:
    """The present time in epoch seconds, from a clock that never steps back within a process."""
    return _EPOCH_S + time.monotonic()


class Client:
    """Connections of one sender to one server. Raises `NotLoopback`."""

    def __init__(self, url: str, tls: SSLContext, address: str, timeout_s: float = 10.0) -> None:
        check_loopback(url)
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._http = HTTPClient(
            parts.hostname, parts.port, concurrency=1, headers={"User-Agent": "postledger-loadtest"}
        )
        self._pool = _BoundPool(address, parts.hostname, parts.port or 443, tls, timeout_s)
        self._http._connection_pool = self._pool
        self.under_way = 0
        """How many requests wait for a connection or for their response."""

    def send(self, request: Request) -> Answer:
        """Send one request and wait for its response. A failure is an answer, not an exception."""
        sent_s = now_s()
        self.under_way += 1
        try:
            response = self._http.request(request.method, request.target, request.body, dict(request.headers))
            body = response.read()
        except gevent.socket.timeout:
            return Answer(0, b"", sent_s, now_s() - sent_s, "timeout")
        except (OSError, HTTPParseError):
            return Answer(0, b"", sent_s, now_s() - sent_s, "cut")
        finally:
            self.under_way -= 1
        headers = {name.lower(): value for name, value in response.headers}
        sent_s = self._pool.sent_s()
        return Answer(response.status_code, bytes(body), sent_s, now_s() - sent_s, headers=headers)

    def send_no_more(self) -> None:
        """End every greenlet that waits for a free connection, or will ask for one. Its request is not sent."""
        self._pool.is_closed = True

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


class _BoundPool(SSLConnectionPool):
    """TLS connections from one local address."""

    def __init__(self, address: str, host: str, port: int, tls: SSLContext, timeout_s: float) -> None:
        super().__init__(
            host, port, host, port, size=CONCURRENCY, ssl_context_factory=lambda *_, **__: tls, disable_ipv6=True,
            connection_timeout=CONNECT_TIMEOUT_S, network_timeout=timeout_s, ssl_options={"server_hostname": host},
        )  # fmt: skip
        self._address = address
        self._sent_s = gevent.local.local()
        self.is_closed = False

    def get_socket(self) -> gevent.socket.socket:
        """Wait for a connection that is free. The request is sent when there is one."""
        connection = super().get_socket()
        if self.is_closed:
            self.return_socket(connection)
            raise gevent.GreenletExit
        self._sent_s.at = now_s()
        return connection

    def sent_s(self) -> float:
        """When the last request of this greenlet was sent, in epoch seconds."""
        return float(self._sent_s.at)

    def _create_tcp_socket(self, family: int, socktype: int, protocol: int) -> gevent.socket.socket:
        sock = super()._create_tcp_socket(family, socktype, protocol)
        # The kernel chooses the port at connect, so one address may have more connections than it has ports free.
        sock.setsockopt(SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((self._address, 0))
        return sock


def trust(ca_file: str) -> SSLContext:
    """The TLS settings of all clients: one certificate authority, TLS 1.2 or newer."""
    return create_default_context(cafile=ca_file)


_EPOCH_S = time.time() - time.monotonic()
client._may_retry_after_send_error = lambda method: False  # noqa: ARG005
