"""The other half of `sandbox-flood`: it runs in a process of its own and is not a scenario by itself."""

from loadtests import flood
from loadtests.flood_turns import FLOODERS
from loadtests.run_settings import read_run_settings
from loadtests.shapes import Stages


class Flood(Stages):
    """All flooders all the time; they send in every other turn."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many flooders there should be now."""
        return None if self.passed_s() >= read_run_settings().duration_s else (FLOODERS, 1000)


class Flooder(flood.Flooder):
    """Three in four have no token."""

    weight = 75


class Partner(flood.Partner):
    """One in four holds a token, and has its wrong signatures explained, which costs most."""

    weight = 25
