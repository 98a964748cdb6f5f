"""The turns of a run in which the sandbox is flooded, and what a flood costs: the difference between the turns."""

from loadtests.acks import TRIED
from loadtests.history import Run, percentile

TURNS, FLOODERS, RATE = 16, 40, 200
_WARM_UP_TURNS, _SETTLED = 2, 0.15
"""The first turns are not compared, nor is the beginning of each: the flood starts and ends there."""
_SENT_AT_LEAST = 0.8


def is_flooded(at: float) -> bool:
    """Whether the sandbox is flooded when that share of the run has passed."""
    return int(at * TURNS) % 2 == 1


def find_cost(run: Run) -> float:
    """The 99th percentile during the floods, by that of the turns between them."""
    flooded, calm = list[float](), list[float]()
    for ack in run.honest():
        at = (ack.due - run.start_s) / run.duration_s
        if at * TURNS >= _WARM_UP_TURNS and at * TURNS % 1 >= _SETTLED:
            (flooded if is_flooded(at) else calm).append(ack.sent + ack.took - ack.due)
    return percentile(flooded, 0.99) / percentile(calm, 0.99) if calm else 0.0


def count_missing(run: Run) -> int:
    """Count how many requests were too few for a flood."""
    sent = sum(ack.kind == TRIED for ack in run.acks)
    return max(0, round(_SENT_AT_LEAST * RATE * run.duration_s / 2) - sent)
