"""What `doctor` asks of the edge's certificates: how long each is good for, as a client meets them.

Over the wire and without trusting anything, because a certificate that has ended is just the one that has to be seen.
"""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from postledger.doctor.check_result import Finding
from postledger.doctor.edge_client import Way

TIMEOUT_S = 5.0
LEAST_DAYS = 7
_NAME = "edge certificate"
_KINDS = ("ECDSA", "RSA")  # an edge may have one of each, and shows the one that the client can use


def examine_certificate(base: str, way: Way, now: datetime) -> Finding:
    """Look at the certificates of the edge at `https://HOST:PORT`, and judge the one that ends first."""
    try:
        ends = dict(_find_ends(base, way))
    except (OSError, ValueError) as error:  # an address that is none is a ValueError
        return Finding(_NAME, False, f"{base} shows none ({type(error).__name__})", "is it up? run: make up")
    if not ends:
        return Finding(_NAME, False, f"{base} shows none", "is it the HTTPS address of the edge?")
    kind = min(ends, key=lambda one: ends[one])
    return judge_end(kind, ends[kind], now)


def judge_end(kind: str, end: datetime, now: datetime) -> Finding:
    """Judge how near the end of a certificate is."""
    days = (end - now).days
    seen = f"{kind}, {days} days left" if end > now else f"{kind}, ended {end:%Y-%m-%d %H:%M}Z"
    advice = "renew it and reload the edge; a self-signed one is renewed by: make up"
    return Finding(_NAME, days >= LEAST_DAYS, seen, advice)


def _find_ends(base: str, way: Way) -> Iterator[tuple[str, datetime]]:
    address = urlsplit(base)
    host, port = address.hostname or "", address.port or 443
    for kind in _KINDS:
        with socket.create_connection((way.address or host, port), timeout=TIMEOUT_S) as connection:
            connection.sendall(way.introduction())
            if shown := _show(connection, host, kind):
                yield kind, x509.load_der_x509_certificate(shown).not_valid_after_utc


def _show(connection: socket.socket, host: str, kind: str) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # there the suite decides which certificate is shown
    context.set_ciphers(f"ECDHE+AESGCM+a{kind}")
    try:
        with context.wrap_socket(connection, server_hostname=host) as speaking:
            return speaking.getpeercert(binary_form=True)
    except ssl.SSLError:  # it has none of this kind
        return None
