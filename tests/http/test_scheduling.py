"""The backend runs in the scheduling class of the settings, or in that of its load."""

import os
import subprocess
import sys

import pytest

from postledger.platform.server.scheduling import choose_class
from tests.http.conftest import Service
from tests.parts.checkout import ROOT

NORMAL, BATCH = os.SCHED_OTHER, os.SCHED_BATCH
FOLLOWS = """
import itertools, os
import gevent
from postledger.platform.server.following_load import follow_load
used = itertools.count(0, 100)
greenlet = gevent.spawn(follow_load, lambda: next(used))
while os.sched_getscheduler(0) != os.SCHED_BATCH:
    gevent.sleep(0.01)
print("busy")
"""


def test_the_master_is_scheduled_as_usual(service: Service) -> None:
    assert os.sched_getscheduler(service.backend.pid) == NORMAL


@pytest.mark.parametrize(
    ("now", "recent_cores", "chosen"),
    [
        (NORMAL, [0.0, 0.25], BATCH),
        (NORMAL, [0.3, 0.24], NORMAL),
        (BATCH, [0.14, 0.15, 0.14], BATCH),
        (BATCH, [0.14, 0.14, 0.14], NORMAL),
    ],
)
def test_a_busy_worker_works_in_long_turns(now: int, recent_cores: list[float], chosen: int) -> None:
    assert choose_class(now, recent_cores) == chosen


def test_the_class_of_a_worker_follows_its_load() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FOLLOWS], env={"PYTHONPATH": str(ROOT / "backend")}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    assert ran.stdout == "busy\n"
