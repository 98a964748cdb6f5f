"""What the edge says of a request, and the request's bytes, taken from WSGI without decoding or guessing anything."""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import falcon

from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.receipt import ENTROPY_BYTES, is_receipt, make_receipt
from postledger.vocabulary.refusal import Reason


class _Headers(Mapping[str, str]):
    """The headers by their lower-case names, looked up only when a profile asks for one."""

    __slots__ = ("_environment",)

    def __init__(self, environment: dict[str, Any]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        value: str = self._environment[_variable(name)]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Give a header's value, or the default."""
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
"""Where a request says which route it took, if Falcon has none for it."""

SOURCE = "postledger.source"
"""Where a request says which source it was for; the slug is the sender's text until it is looked up."""

EDGE_REASONS = (Reason.IP_NOT_ALLOWED, Reason.CLIENT_CERTIFICATE, Reason.RATE_LIMITED)


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
        path=request.env.get("RAW_URI", "").partition("?")[0].encode("latin-1"),
        query=environment["QUERY_STRING"].encode("latin-1"),
        body=_read_body(environment) if with_body else b"",
        media_type=environment.get("CONTENT_TYPE", ""),
        headers=_Headers(environment),
        observed=_read_observed(environment.get("HTTP_X_EDGE_OBSERVED", "")),
        edge_policy=environment.get("HTTP_X_EDGE_POLICY", ""),
    )


@lru_cache(maxsize=4096)
def _read_address(text: str) -> str | None:
    try:
        return str(ip_address(text)) if "%" not in text else None  # Postgres knows no zones
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _read_observed(text: str) -> tuple[Reason, ...]:
    return tuple(reason for reason in EDGE_REASONS if reason.value in text.split(","))


def _read_body(environment: dict[str, Any]) -> bytes:
    if environment.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environment:
        return b""
    body: bytes = environment["wsgi.input"].read(MAX_BODY_BYTES + 1)
    return body
