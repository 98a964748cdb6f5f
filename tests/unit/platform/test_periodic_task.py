"""What is done ten times a second: time and again, a last time at the end, and also after a bug."""

from collections.abc import Callable

import gevent
import pytest

from postledger.platform.periodic_task import Periodic
from tests.parts.waiting import HANGS_AFTER_S


def wait_for(claim: Callable[[], object]) -> None:
    with gevent.Timeout(HANGS_AFTER_S):
        while not claim():
            gevent.idle()


def test_the_work_is_repeated() -> None:
    done: list[None] = []
    periodic = Periodic(lambda: done.append(None))

    wait_for(lambda: len(done) > 2)

    periodic.close()


def test_the_work_is_done_a_last_time_on_close() -> None:
    done: list[None] = []
    periodic = Periodic(lambda: done.append(None))

    periodic.close()

    assert len(done) == 1


def test_an_exception_is_logged_by_type_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[None] = []

    def work() -> None:
        turns.append(None)
        if len(turns) == 1:
            raise KeyError("s3cret")

    periodic = Periodic(work)
    wait_for(lambda: len(turns) > 1)

    assert caplog.messages == ["bug: type=KeyError at=periodic"]
    periodic.close()
