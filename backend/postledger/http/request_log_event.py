"""What is told of an answered request: an allow-list, each field from a closed list or of our own making.

No path, no query, no body, no address and no amount: whoever needs those takes the receipt to the audit.
"""

import time
from collections.abc import Callable, Container
from datetime import UTC, datetime

import falcon
import msgspec

from postledger.http.requests import ROUTE, SOURCE, receipt_of
from postledger.platform.server.wsgi_exchange import STARTED_S

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
    """Falcon's middleware: observes how long each request took, by route and status, and tells of it.

    Operators' own requests are not told of, and without `tell` none is. `sources` gives those that may be named: it
    keeps a sender's own words for a source out.
    """

    def __init__(
        self,
        observe: Callable[[str, str, float], None],
        tell: Callable[[Answered], None] | None,
        sources: Callable[[], Container[str]],
    ) -> None:
        self._observe, self._tell, self._sources = observe, tell, sources

    def process_response(self, request: falcon.Request, response: falcon.Response, resource: object, _: bool) -> None:
        """Observe an answered request, and tell of it."""
        seconds = time.perf_counter() - request.env[STARTED_S]
        route = request.env.get(ROUTE, "other") if resource is None else getattr(resource, "route", "other")
        self._observe(route, str(response.status)[:3], seconds)
        if self._tell is not None and route not in _OPERATORS:
            self._tell(self._describe(request, response, route, seconds))

    def _describe(self, request: falcon.Request, response: falcon.Response, route: str, seconds: float) -> Answered:
        source, headers = request.env.get(SOURCE, ""), response.headers
        return Answered(
            datetime.now(UTC),
            receipt_of(request),
            route,
            source if source in self._sources() else "",
            _METHODS.get(request.method, "other"),
            int(str(response.status)[:3]),
            headers.get("x-postledger-verdict", ""),
            headers.get("x-postledger-reason", ""),
            int(seconds * 1e6) / 1e6,
        )
