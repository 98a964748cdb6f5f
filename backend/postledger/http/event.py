"""What is told of an answered request: an allow-list, each field from a closed list or of our own making.

No path, no query, no body, no address and no amount: whoever needs those takes the receipt to the audit.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import falcon
import msgspec

from postledger.http.requests import SOURCE, receipt_of

_OPERATORS = frozenset({"healthz", "metrics", "policy"})
_METHODS = {name: name for name in ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")}


class Answered(msgspec.Struct, frozen=True):
    """One answered request, in the order of the line; empty texts where there is nothing to tell."""

    time: datetime
    receipt: str
    route: str
    source: str
    method: str
    status: int
    verdict: str
    reason: str
    duration_s: float
    event: str = "answered"


class Told(NamedTuple):
    """What was at hand when a request was answered, before it is made a line; `source` is still the sender's text."""

    at_s: float
    receipt: str
    route: str
    source: str
    method: str
    status: object
    verdict: str
    reason: str
    duration_s: float


class Teller:
    """Notes each request that was not an operator's."""

    def __init__(self, note: Callable[[Told], None]) -> None:
        self._note = note

    def tell(self, request: falcon.Request, response: falcon.Response, route: str, seconds: float) -> None:
        """Note one request, once it is answered: no more than that, because the next one waits."""
        if route in _OPERATORS:
            return
        told = Told(
            time.time(),
            receipt_of(request),
            route,
            request.env.get(SOURCE, ""),
            request.method,
            response.status,
            response.get_header("X-Postledger-Verdict", ""),
            response.get_header("X-Postledger-Reason", ""),
            seconds,
        )
        self._note(told)


def describe(told: Told, knows_source: Callable[[str], bool]) -> Answered:
    """Describe a request as its line has it; `knows_source` keeps a sender's own words for a source out."""
    return Answered(
        datetime.fromtimestamp(told.at_s, UTC),
        told.receipt,
        told.route,
        told.source if knows_source(told.source) else "",
        _METHODS.get(told.method, "other"),
        int(str(told.status)[:3]),
        told.verdict,
        told.reason,
        round(told.duration_s, 6),
    )
