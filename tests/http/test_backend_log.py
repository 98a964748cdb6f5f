"""The backend's log, as whoever looks for what went wrong reads it."""

from collections.abc import Iterator

import pytest

from tests.parts.backend import Backend
from tests.parts.waiting import wait_until


@pytest.fixture
def own(environment: dict[str, str]) -> Iterator[Backend]:
    with Backend(environment, workers=1) as backend:
        yield backend


def test_a_killed_worker_is_logged_with_the_signal(own: Backend) -> None:
    """The kernel kills a process that needs too much memory, and no other log says so."""
    (worker,) = own.worker_pids()

    own.kill(worker)

    wait_until(lambda: f"Worker (pid:{worker}) was sent SIGKILL!" in own.log_text())
