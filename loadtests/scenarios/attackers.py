"""The other half of `attack`: it runs in a process of its own and is not a scenario by itself."""

from loadtests import attacks
from loadtests.run_settings import read_run_settings
from loadtests.shapes import Stages

ATTACKERS, SHORT_ATTACKERS = 32, 8
FIRST, LAST = 0.33, 0.95


class Attack(Stages):
    """Nothing in the first third, which is what the rest is compared with; then all at once."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many attackers there should be now."""
        settings = read_run_settings()
        at = self.passed_s() / settings.duration_s
        if at >= LAST:
            return None
        return (0 if at < FIRST else SHORT_ATTACKERS if settings.is_short else ATTACKERS), 1000


class Forger(attacks.Forger):
    """Four in ten forge signatures."""

    weight = 40


class Flooder(attacks.Flooder):
    """Large bodies without a signature."""

    weight = 20


class SandboxFlooder(attacks.SandboxFlooder):
    """The sandbox and receipts."""

    weight = 10


class Prober(attacks.Prober):
    """Unknown sources and paths."""

    weight = 20


class SlowHeaders(attacks.SlowHeaders):
    """Connections that never finish a request."""

    weight = 10
