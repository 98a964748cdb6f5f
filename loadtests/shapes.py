"""Shapes of load: how many senders there are at each moment. A scenario names one and gives it stages."""

from collections.abc import Sequence

from locust import LoadTestShape

from loadtests.ramp import factor_at
from loadtests.run_settings import read_run_settings


class Stages(LoadTestShape):
    """Moves from factor to factor in a straight line; the first one holds from the beginning."""

    abstract = True
    stages: Sequence[tuple[float, float]] = ((1.0, 1.0),)

    def passed_s(self) -> float:
        """The seconds since the run began."""
        return float(self.get_run_time())  # type: ignore[no-untyped-call]

    def tick(self) -> tuple[int, float] | None:
        """Return how many senders there should be now, and start them at once; None ends the run."""
        settings = read_run_settings()
        at = self.passed_s() / settings.duration_s
        if at >= 1:
            return None
        return max(1, round(settings.senders * factor_at(self.stages, at))), 1000
