"""`/healthz` and `/internal/metrics`: health and metrics for the edge and for operators' programs."""

from collections.abc import Callable

import falcon

from postledger.http.answers import answer_get_only
from postledger.http.requests import receipt_of


class HealthResource:
    """Reports whether the backend can take postbacks, and which part fails if it cannot."""

    route = "healthz"

    def __init__(self, find_failing: Callable[[], str | None]) -> None:
        self._find_failing = find_failing

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Answer 200, or 503 naming the part that fails."""
        failing = self._find_failing()
        if failing is None:
            response.data = b'{"status":"ok"}'
        else:
            response.status = falcon.HTTP_503
            response.data = b'{"status":"unavailable","failing":"%b"}' % failing.encode()

    on_head = on_get

    def on_options(self, request: falcon.Request, response: falcon.Response) -> None:
        """Refuse OPTIONS like every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))


class MetricsResource:
    """Serves the metrics of all workers; the edge passes them to its ops listener only."""

    route = "metrics"

    def __init__(self, render: Callable[[], bytes]) -> None:
        self._render = render

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Answer in Prometheus' text format."""
        response.content_type = "text/plain; version=0.0.4; charset=utf-8"
        response.data = self._render()

    on_head = on_get
