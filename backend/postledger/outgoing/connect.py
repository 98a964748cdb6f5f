"""Opens a connection to the host of a URL, if its address is allowed, and names what went wrong with an exchange.

The host name is looked up once. Each of its addresses is checked, and the connection goes to a checked address, so a
name that begins to lead elsewhere in between gains nothing. It uses gevent's sockets, so nothing must be patched.
"""

import ssl
from collections.abc import Sequence
from http.client import HTTPException, IncompleteRead
from ipaddress import ip_address
from typing import Any

import gevent.socket
import gevent.ssl
import msgspec

from postledger.outgoing.answer import Fault
from postledger.outgoing.resolve import Resolve
from postledger.outgoing.rules.addresses import Blocked, refuse_address, refuse_literal
from postledger.outgoing.rules.url_template import UrlTemplate

USER_AGENT = "postledger"
_CONNECT_S = 3.0
"""How long one address is tried if the host has others."""


class AddressRefused(Exception):
    """An address of the host must not be connected to."""

    def __init__(self, reason: Blocked) -> None:
        super().__init__(reason)
        self.reason = reason


class Broken(Exception):
    """The answer is shorter than it says."""


class Network(msgspec.Struct, frozen=True):
    """How receivers are reached: the resolver, and the authorities that are trusted."""

    resolve: Resolve
    trust: gevent.ssl.SSLContext


def trust_system() -> gevent.ssl.SSLContext:
    """Trust the authorities of the system, or of SSL_CERT_FILE, and check certificate and host name."""
    trust = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_default_certs()
    return trust


EXCHANGE_ERRORS = (OSError, HTTPException, UnicodeError, Broken)
"""What an exchange raises if the network or the receiver fails."""
_FAULTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Fault], ...] = (
    ((gevent.socket.gaierror, UnicodeError), Fault.NAME),
    (ssl.SSLError, Fault.TLS),
    (ConnectionRefusedError, Fault.CONNECT),
    ((ConnectionError, IncompleteRead, Broken), Fault.BROKEN),
    (HTTPException, Fault.ANSWER),
)


def name_fault(error: Exception) -> Fault:
    """Name the fault of one of `EXCHANGE_ERRORS`."""
    return next((fault for kinds, fault in _FAULTS if isinstance(error, kinds)), Fault.CONNECT)


def connect(place: UrlTemplate, network: Network, *, allow_private: bool) -> Any:
    """Open a socket to the host of a URL, with TLS if it asks for that. Raises `AddressRefused`, and OSError."""
    sock = _try_each(_find_addresses(place, network.resolve, allow_private=allow_private), place.port)
    if place.scheme.lower() != "https":
        return sock
    try:
        return network.trust.wrap_socket(sock, server_hostname=place.host)
    except BaseException:  # a timeout of gevent too
        sock.close()
        raise


def _find_addresses(place: UrlTemplate, resolve: Resolve, *, allow_private: bool) -> Sequence[str]:
    """Look a host up once, and refuse it if one of its addresses is refused."""
    refused = refuse_literal(place.host, place.port, allow_private=allow_private)
    addresses = () if refused else _look_up(place, resolve)
    for address in addresses:
        refused = refused or refuse_address(address, place.port, allow_private=allow_private)
    if refused:
        raise AddressRefused(refused)
    if not addresses:
        raise gevent.socket.gaierror
    return addresses


def _look_up(place: UrlTemplate, resolve: Resolve) -> Sequence[str]:
    try:
        return [str(ip_address(place.host))]
    except ValueError:
        return resolve(place.host, place.port)


def _try_each(addresses: Sequence[str], port: int) -> Any:
    *others, last = addresses
    for address in others:
        try:
            return _connect_to(address, port, _CONNECT_S)
        except OSError:  # the host may answer at another of its addresses
            continue
    return _connect_to(last, port, None)


def _connect_to(address: str, port: int, timeout_s: float | None) -> Any:
    family = gevent.socket.AF_INET6 if ":" in address else gevent.socket.AF_INET
    sock = gevent.socket.socket(family, gevent.socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect((address, port))
        sock.settimeout(None)
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
    except BaseException:  # a timeout of gevent too
        sock.close()
        raise
    return sock
