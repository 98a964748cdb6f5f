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
used = itertools.chain([0, 100], itertools.repeat(100))
greenlet = gevent.spawn(follow_load, lambda: next(used))
for policy in (os.SCHED_BATCH, os.SCHED_OTHER):
    while os.sched_getscheduler(0) != policy:
        gevent.sleep(0.01)
    print(policy)
"""


def test_the_master_is_scheduled_as_usual(service: Service) -> None:
    assert os.sched_getscheduler(service.backend.pid) == NORMAL


@pytest.mark.parametrize(
    ("now", "cores", "chosen"),
    [(NORMAL, 0.25, BATCH), (NORMAL, 0.24, NORMAL), (BATCH, 0.15, BATCH), (BATCH, 0.14, NORMAL)],
)
def test_a_busy_worker_works_in_long_turns(now: int, cores: float, chosen: int) -> None:
    assert choose_class(now, cores) == chosen


def test_the_class_of_a_worker_follows_its_load() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FOLLOWS], env={"PYTHONPATH": str(ROOT / "backend")}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    assert ran.stdout.split() == [str(BATCH), str(NORMAL)]
