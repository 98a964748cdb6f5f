"""Series at zero: what a scrape shows of counters that have no object yet."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from postledger.platform.metrics.zero_series import ZeroSeries
from tests.parts.waiting import HANGS_AFTER_S

PROGRAM = """
import sys
from postledger.platform.metrics.buffered_values import buffer_values, flush_values
buffer_values()
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from postledger.platform.metrics import zero_series

def show(when):
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    lines = generate_latest(registry).decode().splitlines()
    print(when, *sorted(line for line in lines if not line.startswith("#")), sep="; ")

if "full" in sys.argv:
    zero_series.os.pwrite = lambda descriptor, data, at: len(data) - 1
seen, refused = Counter("seen", "s", ["source"]), Counter("refused", "Refused, as told.", ["source", "reason"])
zeros = zero_series.ZeroSeries([(seen, ()), (refused, ("late",)), (refused, ("early",))])
for source in ("a", "a-longer-1", "b"):
    zeros.show(source)
show("zero")
refused.labels("a", "late").inc(2)
flush_values()
show("risen")
"""
ZERO = "; ".join(
    sorted(
        sample
        for source in ("a", "a-longer-1", "b")
        for sample in (
            f'seen_total{{source="{source}"}} 0.0',
            f'refused_total{{reason="late",source="{source}"}} 0.0',
            f'refused_total{{reason="early",source="{source}"}} 0.0',
        )
    )
)


@pytest.mark.parametrize("arguments", [[], ["full"]], ids=["with room", "on a full disk"])
def test_each_series_is_zero_until_it_rises(tmp_path: Path, arguments: list[str]) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    command = [sys.executable, "-c", PROGRAM, *arguments]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=HANGS_AFTER_S)

    zero, risen = ran.stdout.splitlines()
    late = 'refused_total{reason="late",source="a"} '
    assert zero == f"zero; {ZERO}"
    assert risen == f"risen; {ZERO}".replace(f"{late}0.0", f"{late}2.0")


def test_without_metric_files_each_series_is_an_object() -> None:
    registry = CollectorRegistry()
    seen = Counter("seen", "s", ["source", "verdict"], registry=registry)

    ZeroSeries([(seen, ("accepted",))]).show("acme")

    assert b'seen_total{source="acme",verdict="accepted"} 0.0' in generate_latest(registry)
