"""Takes a request from the WSGI environment: its raw bytes, and the headers that the edge sets."""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import falcon

from postledger.platform.server.wsgi_exchange import BODY_FAULTS
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.receipt import ENTROPY_BYTES, is_receipt, make_receipt
from postledger.vocabulary.refusal import Reason


class _Headers(Mapping[str, str]):
    """The request's headers by lower-case name. They are looked up on access, because most profiles read none."""

    __slots__ = ("_environment",)

    def __init__(self, environment: dict[str, Any]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        value: str = self._environment[_variable(name)]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header's value, or the default."""
        return self._environment.get(_variable(name), default)

    def __iter__(self) -> Iterator[str]:
        variables = [name for name in self._environment if name in _BARE or name.startswith("HTTP_")]
        return iter([name.removeprefix("HTTP_").replace("_", "-").lower() for name in variables])

    def __len__(self) -> int:
        return sum(1 for _ in self)


_BARE = ("CONTENT_TYPE", "CONTENT_LENGTH")  # the two that WSGI writes without HTTP_


@lru_cache(maxsize=256)
def _variable(name: str) -> str:
    variable = name.upper().replace("-", "_")
    return variable if variable in _BARE else f"HTTP_{variable}"


ROUTE = "postledger.route"
"""Key of the environment: the name of the route, if Falcon has no resource for the request."""

SOURCE = "postledger.source"
"""Key of the environment: the slug of the source. It is the sender's text until it is looked up."""

_LONGEST_MEDIA_TYPE = 256  # Falcon's parser takes quadratic time for quotes and semicolons

EDGE_REASONS = (Reason.IP_NOT_ALLOWED, Reason.CLIENT_CERTIFICATE, Reason.RATE_LIMITED)


def receipt_of(request: falcon.Request) -> str:
    """Return the receipt that the edge made, or make one if the request did not come through an edge."""
    environment = request.env
    receipt: str | None = environment.get("postledger.receipt")
    if receipt is None:
        given = environment.get("HTTP_X_REQUEST_ID", "")
        receipt = given if is_receipt(given) else make_receipt(time.time_ns() // 1_000_000, os.urandom(ENTROPY_BYTES))
        environment["postledger.receipt"] = receipt
    return receipt


def read_postback(request: falcon.Request, *, with_body: bool = True) -> Request:
    """Read a postback; it reads one byte more than the body limit, so that a larger body is recognised."""
    environment = request.env
    return Request(
        receipt=receipt_of(request),
        received_at=datetime.now(UTC),
        method=environment["REQUEST_METHOD"],
        client_address=_read_address(environment.get("HTTP_X_CLIENT_ADDRESS", "")),
        path=request.env.get("RAW_URI", "").partition("?")[0].encode("latin-1"),
        query=environment["QUERY_STRING"].encode("latin-1"),
        body=_read_body(environment) if with_body else b"",
        media_type=_read_media_type(environment.get("CONTENT_TYPE", "")),
        headers=_Headers(environment),
        observed=_read_observed(environment.get("HTTP_X_EDGE_OBSERVED", "")),
        edge_policy=environment.get("HTTP_X_EDGE_POLICY", ""),
    )


def _read_media_type(header: str) -> str:
    if not header or len(header) > _LONGEST_MEDIA_TYPE:
        return ""
    kind, options = falcon.parse_header(header)
    charset = options.get("charset")
    return f"{kind}; charset={charset}".lower() if charset else kind.lower()


@lru_cache(maxsize=4096)
def _read_address(text: str) -> str | None:
    try:
        return str(ip_address(text)) if "%" not in text else None  # Postgres has no zones
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _read_observed(text: str) -> tuple[Reason, ...]:
    return tuple(reason for reason in EDGE_REASONS if reason.value in text.split(","))


def _read_body(environment: dict[str, Any]) -> bytes:
    if environment.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environment:
        return b""
    try:
        body: bytes = environment["wsgi.input"].read(MAX_BODY_BYTES + 1)
    except BODY_FAULTS as error:
        raise falcon.HTTPBadRequest from error
    return body
