"""Observes every answered request: its duration for the metrics, and one entry for the request log.

The entry is an allow-list: each field comes from a closed list or is made by Postledger. It holds no path, query, body,
address or amount. For those, take the receipt to the audit.
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
    """One answered request, in the order of the log's fields; a field without a value is an empty text."""

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


class RequestObserver:
    """Falcon middleware: measures each request by route and status, and logs it.

    Operators' requests are measured and not logged; without `log` no request is logged. `sources` lists the slugs that
    may be logged, because an unknown slug is a text that the sender chose.
    """

    def __init__(
        self,
        observe: Callable[[str, str, float, bool], None],
        log: Callable[[Answered], None] | None,
        sources: Callable[[], Container[str]],
    ) -> None:
        self._observe, self._log, self._sources = observe, log, sources

    def process_response(self, request: falcon.Request, response: falcon.Response, resource: object, _: bool) -> None:
        """Measure an answered request, and log it."""
        seconds = time.perf_counter() - request.env[STARTED_S]
        route = request.env.get(ROUTE, "other") if resource is None else getattr(resource, "route", "other")
        is_authenticated = getattr(response.context, "is_authenticated", False)
        self._observe(route, str(response.status)[:3], seconds, is_authenticated)
        if self._log is not None and route not in _OPERATORS:
            self._log(self._describe(request, response, route, seconds))

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
