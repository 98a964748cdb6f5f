"""Contestant (d): pgbench writes the same rows with nothing else around it, as the floor under every other number."""

import math
import os
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from loadtests.bench.ledger import CLICKS, Ledger
from loadtests.bench.plan import Plan
from loadtests.bench.processes import cpu_seconds
from loadtests.bench.rounds import Round, RoundFailed

SCRIPT = Path(__file__).with_name("floor.sql")
SPARE_S = 30
_PROCESSED = re.compile(r"number of transactions actually processed: (\d+)")
_FAILED = re.compile(r"number of failed transactions: (\d+)")
_PER_SECOND = re.compile(r"tps = ([0-9.]+)")


def run_floor(plan: Plan, ledger: Ledger, postgres_pid: int, clients: int) -> Round:
    """Run pgbench over that many connections; raises `RoundFailed`."""
    _pgbench(ledger, plan.warm_up_s, clients, None)
    ledger.checkpoint()
    before_s = cpu_seconds(postgres_pid)
    with tempfile.TemporaryDirectory() as directory:
        report = _pgbench(ledger, plan.duration_s, clients, Path(directory))
        latencies_us = _read_latencies(Path(directory))
    processed = int(_find(_PROCESSED, report))
    if int(_find(_FAILED, report)):
        raise RoundFailed("pgbench had failed transactions")
    return Round(
        letter="d",
        name=f"pgbench {clients} clients",
        per_second=float(_find(_PER_SECOND, report)),
        p50_ms=_percentile(latencies_us, 50) / 1e3,
        p90_ms=_percentile(latencies_us, 90) / 1e3,
        p99_ms=_percentile(latencies_us, 99) / 1e3,
        max_ms=latencies_us[-1] / 1e3,
        answered=processed,
        cpu_us={"postgres": (cpu_seconds(postgres_pid) - before_s) * 1e6 / processed},
        worker_memory=[],
    )


def _pgbench(ledger: Ledger, duration_s: int, clients: int, log: Path | None) -> str:
    values = {"clicks": CLICKS, "source_id": ledger.source_id, "secret_id": ledger.secret_id}
    command = [_program(), "-n", "-M", "prepared", "-f", str(SCRIPT), f"-c{clients}", "-j2", f"-T{duration_s}"]
    command += [f"-D{name}={value}" for name, value in values.items()]
    command += ["--log", f"--log-prefix={log}/log"] if log else []
    done = subprocess.run(
        command, env=_environment(ledger), check=False, capture_output=True, text=True, timeout=duration_s + SPARE_S
    )
    if done.returncode:
        raise RoundFailed(f"pgbench failed: {done.stderr[-500:]}")
    return done.stdout


def _program() -> str:
    # Debian keeps it out of PATH, a directory for each version.
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), key=lambda path: float(path.parts[4]))
    return str(found[-1]) if found else "pgbench"


def _environment(ledger: Ledger) -> dict[str, str]:
    # Not on the command line, which everybody on the machine can read.
    url = urlsplit(ledger.url)
    place = {"PGHOST": url.hostname or "", "PGPORT": str(url.port), "PGDATABASE": url.path.removeprefix("/")}
    return {**os.environ, **place, "PGUSER": url.username or "", "PGPASSWORD": url.password or ""}


def _read_latencies(directory: Path) -> list[int]:
    lines = (line for file in directory.iterdir() for line in file.read_text().splitlines())
    return sorted(int(line.split()[2]) for line in lines)


def _percentile(ordered: list[int], percent: int) -> int:
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _find(pattern: re.Pattern[str], report: str) -> str:
    match = pattern.search(report)
    if match is None:
        raise RoundFailed("pgbench's report has another form than expected")
    return match[1]
