"""A long command works two thirds of the time."""

from postledger.cli.pauses import LONGEST_S, Pauses


class Clock:
    """A clock that only work and pauses move."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept = list[float]()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def test_a_pause_is_half_as_long_as_the_work_before_it() -> None:
    clock = Clock()
    pauses = Pauses(lambda: clock.now_s, clock.sleep)

    for worked in (0.25 * LONGEST_S, 0.5 * LONGEST_S):
        clock.now_s += worked
        pauses.pause()

    assert [round(seconds / LONGEST_S, 3) for seconds in clock.slept] == [0.125, 0.25]


def test_a_pause_is_never_long() -> None:
    """An Excel file is read for seconds before its first line is known."""
    clock = Clock()
    pauses = Pauses(lambda: clock.now_s, clock.sleep)

    clock.now_s += 20
    pauses.pause()

    assert clock.slept == [LONGEST_S]
