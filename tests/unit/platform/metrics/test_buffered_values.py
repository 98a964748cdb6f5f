"""Buffered values: what is in the metric files before and after a flush."""

import os
import subprocess
import sys
from pathlib import Path

from tests.parts.waiting import HANGS_AFTER_S

PROGRAM = """
from postledger.platform.metrics.buffered_values import buffer_values, flush_values
buffer_values()
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

def show(when):
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    lines = generate_latest(registry).decode().splitlines()
    print(when, *sorted(line for line in lines if not line.startswith("#")), sep="; ")

rises, gauge = Counter("rises", "r"), Gauge("gauge", "g", multiprocess_mode="max")
times = Histogram("times", "t", buckets=(1, 2))
rises.inc(), rises.inc(2), gauge.set(7), times.observe(0), times.observe(1.5)
show("before")
flush_values()
show("written")
flush_values()
rises.inc()
flush_values()
show("again")
"""


def test_increments_are_in_the_files_once_after_a_flush(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    command = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=HANGS_AFTER_S)

    before, written, again = ran.stdout.splitlines()
    times = 'times_bucket{le="%s"} %s; '
    assert before.startswith("before; gauge 7.0; rises_total 0.0; ")
    assert written == (
        "written; gauge 7.0; rises_total 3.0; "
        + times % ("+Inf", 2.0)
        + times % ("1.0", 1.0)
        + times % ("2.0", 2.0)
        + "times_count 2.0; times_sum 1.5"
    )
    assert again == written.replace("written", "again").replace("rises_total 3.0", "rises_total 4.0")
