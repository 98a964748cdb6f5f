"""When a loop of a worker waits, and for how long."""

from typing import Any, cast

import pytest

from postledger.platform.work_loop import GATHER_S, IDLE_PAUSE_S, WorkLoop


class Stop:
    """Notes how long a loop waits, lets it go on at once, and stops it after so many portions."""

    def __init__(self, portions: int) -> None:
        self.left = portions
        self.pauses_s: list[float] = []

    def is_set(self) -> bool:
        """Whether the loop must stop; it is asked before each portion."""
        self.left -= 1
        return self.left < 0

    def wait(self, timeout: float) -> None:
        """Note the wait."""
        self.pauses_s.append(timeout)


@pytest.mark.parametrize(
    ("portions", "pauses_s"),
    [
        ([10, 10], []),
        ([10, 3], [GATHER_S]),
        ([0], [IDLE_PAUSE_S]),
        ([1, 0], [GATHER_S, IDLE_PAUSE_S]),
    ],
)
def test_a_loop_waits_unless_its_portion_was_full(portions: list[int], pauses_s: list[float]) -> None:
    stop, left = Stop(len(portions)), iter(portions)

    def work(_: Any) -> int:
        return next(left)

    WorkLoop("test", work, cast("Any", object), full_portion=10).run(cast("Any", stop))

    assert stop.pauses_s == pauses_s
