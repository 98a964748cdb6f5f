"""Says how far a long command came if it is interrupted. What it has done stays, so it can be repeated."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from postledger.cli.errors import CommandFailed

OnProgress = Callable[[float, float | None], None]


@contextmanager
def say_how_far(verb: str) -> Iterator[Callable[[OnProgress], OnProgress]]:
    """Give a function that follows the progress. If the command is interrupted, that progress is the error.

    Raises `CommandFailed` for SIGINT, on a terminal or not.
    """
    far = "0"

    def follow(on_progress: OnProgress) -> OnProgress:
        def step(done: float, total: float | None) -> None:
            nonlocal far
            far = f"{done:.0f}" if total is None else f"{done:.0f} of {total:.0f}"
            on_progress(done, total)

        return step

    try:
        yield follow
    except KeyboardInterrupt:
        raise CommandFailed(f"interrupted; {verb} {far}; repeat the command to go on") from None
