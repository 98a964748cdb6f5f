"""The metric of the console, in a registry of its own: the console is one process."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, generate_latest


class ConsoleMetrics:
    """What requests for the decision page result in; every series is there from the start."""

    def __init__(self, results: Iterable[str]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "postledger_decision_page_requests",
            "Requests for the decision page, by what they resulted in.",
            ["result"],
            registry=self._registry,
        )
        for result in results:
            self._requests.labels(result)

    def count(self, result: str) -> None:
        """Count one request."""
        self._requests.labels(result).inc()

    def render(self) -> bytes:
        """Write the metrics as Prometheus reads them."""
        return generate_latest(self._registry)
