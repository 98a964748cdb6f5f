"""Checks how long the certificates of the edge are valid, as a client sees them.

It connects and verifies nothing, because an expired certificate must be seen as well.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from postledger.doctor.check_result import CheckResult
from postledger.platform.server.edge_client import Target, find_target
from postledger.vocabulary.wording import count

TIMEOUT_S = 5.0
LEAST_DAYS = 7
_NAME = "edge certificate"
_KINDS = ("ECDSA", "RSA")  # an edge can have one of each; the client's ciphers choose between them


def check_certificate(environment: Mapping[str, str], now: datetime) -> CheckResult:
    """Check the certificate that expires first."""
    base = environment.get("POSTLEDGER_EDGE_URL")
    if not base:
        return CheckResult(_NAME, False, "POSTLEDGER_EDGE_URL is not set", "set it, or run: make up")
    try:
        ends = dict(_find_ends(base, find_target(environment, base)))
    except (OSError, ValueError) as error:  # ValueError: the URL is malformed
        return CheckResult(_NAME, False, f"{base} shows none ({type(error).__name__})", "is it up? run: make up")
    if not ends:
        return CheckResult(_NAME, False, f"{base} shows none", "is it the HTTPS address of the edge?")
    kind = min(ends, key=lambda one: ends[one])
    return judge_end(kind, ends[kind], now)


def judge_end(kind: str, end: datetime, now: datetime) -> CheckResult:
    """Decide whether a certificate expires too soon."""
    days = (end - now).days
    found = f"{kind}, {count(days, 'day')} left" if end > now else f"{kind}, expired {end:%Y-%m-%d %H:%M}Z"
    advice = "renew it and reload the edge; a self-signed one is renewed by: make up"
    return CheckResult(_NAME, days >= LEAST_DAYS, found, advice)


def _find_ends(base: str, target: Target) -> Iterator[tuple[str, datetime]]:
    address = urlsplit(base)
    host, port = address.hostname or "", address.port or 443
    for kind in _KINDS:
        with socket.create_connection((target.address or host, port), timeout=TIMEOUT_S) as connection:
            connection.sendall(target.preamble())
            if certificate := _fetch(connection, host, kind):
                yield kind, x509.load_der_x509_certificate(certificate).not_valid_after_utc


def _fetch(connection: socket.socket, host: str, kind: str) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in TLS 1.2 the cipher suite decides which certificate is sent
    context.set_ciphers(f"ECDHE+AESGCM+a{kind}")
    try:
        with context.wrap_socket(connection, server_hostname=host) as secured:
            return secured.getpeercert(binary_form=True)
    except ssl.SSLError:  # the edge has no certificate of this kind
        return None
