"""Who adds up what all processes count waits for each of them, and for nobody who has gone."""

import os
import subprocess
import sys
from pathlib import Path

import gevent
import pytest

from postledger.platform.metrics.multiprocess_barrier import Counted, forget_process, wait_for_all

NEVER_S = 0.05
PROGRAM = """import pathlib, sys
from postledger.platform.metrics.multiprocess_barrier import Counted
Counted(pathlib.Path(sys.argv[1]))"""


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_it_waits_for_a_moment_after_the_question(counted: Counted, tmp_path: Path) -> None:
    counted.note()
    asking = gevent.spawn(wait_for_all, tmp_path, 30)
    gevent.sleep(0)

    assert not asking.ready(), "what was noted before says nothing of what was counted since"
    counted.note()
    assert asking.get(timeout=30) is True


def test_one_process_that_does_not_come_to_it_is_not_waited_for_for_ever(counted: Counted, tmp_path: Path) -> None:
    counted.note()

    assert wait_for_all(tmp_path, NEVER_S) is False


def test_nobody_waits_for_a_process_that_has_said_good_bye(counted: Counted, tmp_path: Path) -> None:
    counted.close()
    counted.note()
    counted.close()

    assert wait_for_all(tmp_path, NEVER_S) is True


def test_nobody_waits_for_a_process_that_was_killed(counted: Counted, tmp_path: Path) -> None:
    forget_process(tmp_path, os.getpid())
    forget_process(tmp_path, os.getpid())

    counted.note()
    assert wait_for_all(tmp_path, NEVER_S) is True


def test_nobody_waits_for_a_process_whose_end_was_told_to_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    subprocess.run(command, check=True, timeout=30)

    assert len(list(tmp_path.iterdir())) == 1
    assert wait_for_all(tmp_path, NEVER_S) is True


def test_a_process_that_is_only_beginning_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / f"counted_{os.getpid()}").touch()

    assert wait_for_all(tmp_path, NEVER_S) is True


def test_where_nothing_is_counted_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "counter_1.db").touch()

    assert wait_for_all(tmp_path, NEVER_S) is True
