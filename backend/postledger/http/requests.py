"""What the edge says of a request, and the request's bytes, taken from WSGI without decoding or guessing anything."""

import os
import time
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import falcon

from postledger.domain.receipt import ENTROPY_BYTES, is_receipt, make_receipt
from postledger.domain.refusal import Reason
from postledger.domain.request import MAX_BODY_BYTES, Request

_SIGNATURE_HEADERS = {
    f"HTTP_{family.upper()}_{part.upper()}": f"{family}-{part}"
    for family in ("webhook", "svix")
    for part in ("id", "timestamp", "signature")
}

_EDGE_REASONS = (Reason.IP_NOT_ALLOWED, Reason.CLIENT_CERTIFICATE, Reason.RATE_LIMITED)


def receipt_of(request: falcon.Request) -> str:
    """Take the receipt that the edge made, or make one when there is no edge in front."""
    environment = request.env
    receipt: str | None = environment.get("postledger.receipt")
    if receipt is None:
        given = environment.get("HTTP_X_REQUEST_ID", "")
        receipt = given if is_receipt(given) else make_receipt(time.time_ns() // 1_000_000, os.urandom(ENTROPY_BYTES))
        environment["postledger.receipt"] = receipt
    return receipt


def read_postback(request: falcon.Request, *, with_body: bool = True) -> Request:
    """Take a postback off the wire; one byte beyond the body limit is read, so that too much is seen as too much."""
    environment = request.env
    return Request(
        receipt=receipt_of(request),
        received_at=datetime.now(UTC),
        method=environment["REQUEST_METHOD"],
        client_address=_read_address(environment.get("HTTP_X_CLIENT_ADDRESS", "")),
        query=environment["QUERY_STRING"].encode("latin-1"),
        body=_read_body(environment) if with_body else b"",
        media_type=environment.get("CONTENT_TYPE", ""),
        headers=_signature_headers(environment) if environment["REQUEST_METHOD"] == "POST" else {},
        observed=_read_observed(environment.get("HTTP_X_EDGE_OBSERVED", "")),
    )


@lru_cache(maxsize=4096)
def _read_address(text: str) -> str | None:
    try:
        return str(ip_address(text)) if "%" not in text else None  # Postgres knows no zones
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _read_observed(text: str) -> tuple[Reason, ...]:
    return tuple(reason for reason in _EDGE_REASONS if reason.value in text.split(","))


def _read_body(environment: dict[str, Any]) -> bytes:
    if environment.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environment:
        return b""
    body: bytes = environment["wsgi.input"].read(MAX_BODY_BYTES + 1)
    return body


def _signature_headers(environment: dict[str, Any]) -> dict[str, str]:
    return {name: environment[variable] for variable, name in _SIGNATURE_HEADERS.items() if variable in environment}
