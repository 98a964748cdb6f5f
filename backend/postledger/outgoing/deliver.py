"""Sends one request to a receiver, and reads as much of its answer as must be read.

The host name is looked up once. Each of its addresses is checked, and the connection goes to a checked address, so a
name that begins to lead elsewhere in between gains nothing. It uses gevent's sockets, so nothing must be patched.
"""

import ssl
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from ipaddress import ip_address
from typing import Any

import gevent
import gevent.socket
import gevent.ssl
import msgspec

from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.resolve import Resolve
from postledger.outgoing.rules.addresses import Blocked, refuse_address, refuse_literal
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.render import Request
from postledger.outgoing.rules.url_template import UrlTemplate

MAX_ANSWER_BYTES = 64 * 1024
_CONNECT_S = 3.0
"""How long one address is tried if the host has others."""
_USER_AGENT = "postledger"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _AddressRefused(Exception):
    def __init__(self, reason: Blocked) -> None:
        super().__init__(reason)
        self.reason = reason


class _Broken(Exception):
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


def deliver(request: Request, forward: Forward, network: Network) -> Answer:
    """Send a request to the host of a forward and return the outcome. Its timeout bounds the exchange."""
    timeout = gevent.Timeout(forward.timeout_s)
    try:
        with timeout:
            return _exchange(request, forward, network)
    except gevent.Timeout as passed:
        if passed is not timeout:
            raise
        return Answer(fault=Fault.TIMEOUT)
    except _AddressRefused as refused:
        return Answer(blocked=refused.reason)
    except (OSError, HTTPException, UnicodeError, _Broken) as error:
        return Answer(fault=_name_fault(error))


_FAULTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Fault], ...] = (
    ((gevent.socket.gaierror, UnicodeError), Fault.NAME),
    (ssl.SSLError, Fault.TLS),
    (ConnectionRefusedError, Fault.CONNECT),
    ((ConnectionError, IncompleteRead, _Broken), Fault.BROKEN),
    (HTTPException, Fault.ANSWER),
)


def _name_fault(error: Exception) -> Fault:
    return next((fault for kinds, fault in _FAULTS if isinstance(error, kinds)), Fault.CONNECT)


def _exchange(request: Request, forward: Forward, network: Network) -> Answer:
    place = forward.template
    sock = _connect(_find_addresses(place, network.resolve, allow_private=forward.allow_private), place.port)
    try:
        if place.scheme.lower() == "https":
            sock = network.trust.wrap_socket(sock, server_hostname=place.host)
        return _ask(sock, request, place)
    finally:
        sock.close()


def _find_addresses(place: UrlTemplate, resolve: Resolve, *, allow_private: bool) -> Sequence[str]:
    """Look a host up once, and refuse it if one of its addresses is refused."""
    refused = refuse_literal(place.host, place.port, allow_private=allow_private)
    addresses = () if refused else _look_up(place, resolve)
    for address in addresses:
        refused = refused or refuse_address(address, place.port, allow_private=allow_private)
    if refused:
        raise _AddressRefused(refused)
    if not addresses:
        raise gevent.socket.gaierror
    return addresses


def _look_up(place: UrlTemplate, resolve: Resolve) -> Sequence[str]:
    try:
        return [str(ip_address(place.host))]
    except ValueError:
        return resolve(place.host, place.port)


def _connect(addresses: Sequence[str], port: int) -> Any:
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


def _ask(sock: Any, request: Request, place: UrlTemplate) -> Answer:
    connection = HTTPConnection(place.host, place.port)
    connection.sock = sock
    headers = {
        "Host": place.origin.partition("://")[2],
        "User-Agent": _USER_AGENT,
        "Connection": "close",
        **request.headers,
    }
    connection.request(request.method, request.target, request.body or None, headers)
    with connection.getresponse() as response:
        _read_to_end(response)
        fault = Fault.REDIRECT if response.status in _REDIRECTS else None
        return Answer(response.status, fault, retry_after=response.headers.get("Retry-After"))


def _read_to_end(response: HTTPResponse) -> None:
    """Read the body, so that a receiver that hangs in the middle of its answer is seen. It is thrown away."""
    body = response.read(MAX_ANSWER_BYTES)
    if response.length and len(body) < MAX_ANSWER_BYTES:
        raise _Broken
