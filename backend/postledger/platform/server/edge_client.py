"""An HTTP client for the local edge: it connects to the listener's address and sends the edge's public name.

`send`, `doctor` and `make up` use the same target, because the public name may not lead to this machine.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import httpcore
import httpx

_EDGE_URLS = ("POSTLEDGER_EDGE_URL", "POSTLEDGER_EDGE_HTTP_URL")
PROXY_HEADER = b"PROXY UNKNOWN\r\n"  # of the PROXY protocol: use the address of the connection


class Target(NamedTuple):
    """Where to connect: None is the address of the URL's host. A listener may expect a PROXY header first."""

    address: str | None = None
    needs_proxy_header: bool = False

    def preamble(self) -> bytes:
        """Return the bytes that a new connection begins with."""
        return PROXY_HEADER if self.needs_proxy_header else b""


def find_target(environment: Mapping[str, str], url: str) -> Target:
    """Find where to connect for a URL. Only the local edge has another target than its own host."""
    address = environment.get("POSTLEDGER_EDGE_ADDRESS")
    if not address or not any(_is_below(environment.get(name), url) for name in _EDGE_URLS):
        return Target()
    return Target(address, environment.get("POSTLEDGER_PROXY_PROTOCOL") == "on")


def _is_below(base: str | None, url: str) -> bool:
    return base is not None and f"{url}/".startswith(f"{base.rstrip('/')}/")


def make_trust(ca_file: str | None) -> ssl.SSLContext:
    """Trust the certificates in a file, or without a file those of the system. Raises `OSError`.

    The file may be the edge's own chain: each certificate in it is trusted, even without the authority above it.
    """
    trust = ssl.create_default_context(cafile=ca_file or None)
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return trust


def open_client(trust: ssl.SSLContext, target: Target, timeout_s: float) -> httpx.Client:
    """Open a client for a target. It ignores proxies of the environment, because a proxy could read the signature."""
    return httpx.Client(transport=_Transport(trust, target), trust_env=False, timeout=timeout_s)


class _Transport(httpx.HTTPTransport):
    def __init__(self, trust: ssl.SSLContext, target: Target) -> None:
        super().__init__(verify=trust, trust_env=False)
        # httpx has no parameter for the network backend, httpcore's pool has one.
        self._pool = httpcore.ConnectionPool(ssl_context=trust, network_backend=_Connector(target))


class _Connector(httpcore.SyncBackend):
    def __init__(self, target: Target) -> None:
        self._target = target

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the target's address. TLS and `Host` keep the name of the URL."""
        stream = super().connect_tcp(self._target.address or host, port, timeout, local_address, socket_options)
        if preamble := self._target.preamble():
            stream.write(preamble, timeout)
        return stream
