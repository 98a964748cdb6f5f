"""The metric of the sandbox. Its registry is its own: no metric of production counts what a partner tries."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from postledger.metrics.postback_counters import UNKNOWN
from postledger.policy.policy import Policy
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Verdict

ANSWERED = "answered"
"""A look-up that was answered: an explanation, samples, a receipt."""
VERDICTS = (*(verdict.value for verdict in Verdict), ANSWERED)


class SandboxMetrics:
    """The requests of the sandbox, by source and verdict; every series of a known source is there from the start."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "postledger_sandbox_requests",
            "Requests that the sandbox answered, by source and verdict; a look-up is answered or refused.",
            ["source", "verdict"],
            registry=self._registry,
        )
        self._show(UNKNOWN)

    def prepare(self, policy: Policy) -> None:
        """Show every series of the sources of a policy."""
        for slug in policy.sources:
            self._show(slug)

    def count(self, source: str, verdict: str) -> None:
        """Count one answered request."""
        self._requests.labels(source, verdict).inc()

    def render(self) -> bytes:
        """Write the metrics as Prometheus reads them."""
        return generate_latest(self._registry)

    def _show(self, source: str) -> None:
        for verdict in VERDICTS if source != SELFTEST else ():
            self._requests.labels(source, verdict)
