"""How load moves between the stages of a shape. Without Locust, which patches the interpreter when it is imported."""

from collections.abc import Sequence


def factor_at(stages: Sequence[tuple[float, float]], at: float) -> float:
    """Interpolate the factor at a share of the run. `stages` are (share, factor) in rising order of shares."""
    before_at, before = 0.0, stages[0][1]
    for until, factor in stages:
        if at <= until:
            return before + (factor - before) * (at - before_at) / ((until - before_at) or 1)
        before_at, before = until, factor
    return before
