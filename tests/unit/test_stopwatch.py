"""The clock of promises: it goes as every other, and stands still while nobody is let run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.parts.stopwatch import GAP_S, Stopwatch, gap_s
from tests.parts.waiting import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, time
from tests.parts.stopwatch import Stopwatch
with Stopwatch() as watch:
    before_s, really_s = watch.now_s(), time.monotonic()
    print("ready", flush=True)
    sys.stdin.readline()
    print(watch.now_s() - before_s, time.monotonic() - really_s)
"""


def test_what_is_slow_counts() -> None:
    with Stopwatch() as watch:
        really_s, started_s = time.monotonic(), watch.now_s()
        wait_until(lambda: watch.now_s() - started_s > 3 * GAP_S)  # later where there is a gap meanwhile

        assert watch.now_s() - started_s <= time.monotonic() - really_s


def test_a_gap_does_not() -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        started_s = time.monotonic()
        wait_until(lambda: time.monotonic() - started_s > 1)
        os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate("\n", timeout=30)

    told_s, really_s = map(float, said.split())
    assert really_s - told_s > 0.9
    assert told_s >= 0


def test_who_asks_just_before_a_gap_is_not_told_an_earlier_time_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.09, 1.1])
    monkeypatch.setattr("tests.parts.stopwatch.time", SimpleNamespace(monotonic=lambda: next(moments)))
    watch = Stopwatch()  # not started: nobody looks but who asks

    assert [watch.now_s(), watch.now_s()] == pytest.approx([0.09, 0.11])


def test_a_sleep_that_is_hardly_late_has_no_gap() -> None:
    assert gap_s(0.02 + GAP_S, 0.02) == 0
    assert gap_s(1.02, 0.02) == 1
