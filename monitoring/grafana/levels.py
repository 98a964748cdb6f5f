"""When a panel turns yellow or red: the numbers that the alerts fire at, so that the wall and the pager agree.

They stand in `targets`; a test compares them with the rules of the alerts.
"""

from dataclasses import dataclass

GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True, slots=True)
class Levels:
    """Colours by value: `steps` are (from this value on, colour), the first of them from None, which is the lowest."""

    steps: tuple[tuple[float | None, str], ...]


def calm() -> Levels:
    """For what is neither good nor bad."""
    return Levels(((None, "text"),))


def too_high(warning: float, alarm: float) -> Levels:
    """For what should be low."""
    return Levels(((None, GREEN), (warning, YELLOW), (alarm, RED)))


def alarm_above(limit: float) -> Levels:
    """For what is well up to a limit."""
    return Levels(((None, GREEN), (limit, RED)))


def too_low(alarm: float, warning: float) -> Levels:
    """For what should be high: red below `alarm`, yellow below `warning`."""
    return Levels(((None, RED), (alarm, YELLOW), (warning, GREEN)))
