"""What is told of an answered request: an allow-list, each field from a closed list or of our own making.

No path, no query, no body, no address and no amount: whoever needs those takes the receipt to the audit.
"""

from collections.abc import Callable
from datetime import UTC, datetime

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


class Teller:
    """Tells of each request that was not an operator's; `knows_source` keeps a sender's own words for a source out."""

    def __init__(self, write: Callable[[Answered], None], knows_source: Callable[[str], bool]) -> None:
        self._write, self._knows_source = write, knows_source

    def tell(self, request: falcon.Request, response: falcon.Response, route: str, seconds: float) -> None:
        """Tell of one request, once it is answered."""
        if route in _OPERATORS:
            return
        slug = request.env.get(SOURCE, "")
        self._write(
            Answered(
                datetime.now(UTC),
                receipt_of(request),
                route,
                slug if self._knows_source(slug) else "",
                _METHODS.get(request.method, "other"),
                int(str(response.status)[:3]),
                response.get_header("X-Postledger-Verdict", ""),
                response.get_header("X-Postledger-Reason", ""),
                round(seconds, 6),
            )
        )
