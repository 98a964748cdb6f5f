"""The backend's log, as whoever looks for what went wrong reads it."""

from collections.abc import Iterator

import pytest

from tests.parts.backend import Backend
from tests.parts.waiting import wait_until


@pytest.fixture
def own(environment: dict[str, str]) -> Iterator[Backend]:
    with Backend(environment, workers=1) as backend:
        yield backend


def test_a_worker_that_was_killed_is_told_with_the_signal(own: Backend) -> None:
    """The kernel kills whoever needs too much memory, or writes to a disk that is full; nobody else would tell."""
    (worker,) = own.worker_pids()

    own.kill(worker)

    wait_until(lambda: f"Worker (pid:{worker}) was sent SIGKILL!" in own.log_text())
