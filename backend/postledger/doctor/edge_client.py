"""How this machine reaches an edge that its name alone does not lead to: by an address, and behind a PROXY header.

Apart from who asks, because `send` and each check of `doctor` must go the same way as `make up`.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import httpcore
import httpx

_OURS = ("POSTLEDGER_EDGE_URL", "POSTLEDGER_EDGE_HTTP_URL")
PROXY_HEADER = b"PROXY UNKNOWN\r\n"  # of the PROXY protocol: the client is the one that connects


class Way(NamedTuple):
    """Where to connect, None being wherever the name leads, and whether a PROXY header goes first."""

    address: str | None = None
    is_introduced: bool = False

    def introduction(self) -> bytes:
        """What is sent on a new connection before anything else."""
        return PROXY_HEADER if self.is_introduced else b""


def find_way(environment: Mapping[str, str], url: str) -> Way:
    """Find the way to a URL: a special one to our own edge, the usual one to anything else."""
    address = environment.get("POSTLEDGER_EDGE_ADDRESS")
    if not address or not any(_is_below(environment.get(name), url) for name in _OURS):
        return Way()
    return Way(address, environment.get("POSTLEDGER_PROXY_PROTOCOL") == "on")


def _is_below(base: str | None, url: str) -> bool:
    return base is not None and f"{url}/".startswith(f"{base.rstrip('/')}/")


def make_trust(ca_file: str | None) -> ssl.SSLContext:
    """Make a client's trust in the certificates of a file, or in those that the system trusts; raises `OSError`.

    The file may be the edge's own chain: whatever certificate is in it is trusted, without an authority above it.
    """
    trust = ssl.create_default_context(cafile=ca_file or None)
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return trust


def open_client(trust: ssl.SSLContext, way: Way, timeout_s: float) -> httpx.Client:
    """Open a client that goes that way, and by no proxy of the environment: what it sends is nobody else's business."""
    return httpx.Client(transport=_Transport(trust, way), trust_env=False, timeout=timeout_s)


class _Transport(httpx.HTTPTransport):
    def __init__(self, trust: ssl.SSLContext, way: Way) -> None:
        super().__init__(verify=trust, trust_env=False)
        # httpx has no parameter for who connects; its pool has.
        self._pool = httpcore.ConnectionPool(ssl_context=trust, network_backend=_Connector(way))


class _Connector(httpcore.SyncBackend):
    def __init__(self, way: Way) -> None:
        self._way = way

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the way's address; the name stays that of the URL, for TLS and `Host`."""
        stream = super().connect_tcp(self._way.address or host, port, timeout, local_address, socket_options)
        if introduction := self._way.introduction():
            stream.write(introduction, timeout)
        return stream
