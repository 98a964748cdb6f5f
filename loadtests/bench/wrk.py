"""Drives load with wrk and reads what it measured; every request is signed anew by its script."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

SCRIPT = Path(__file__).with_name("sign.lua")
REQUEST_TIMEOUT_S = 5
SPARE_S = 30  # for reading the clicks and waiting for the last answers; more means that something hangs


class Load(msgspec.Struct, frozen=True):
    """One round as wrk saw it: `lost` are connection errors and time-outs, `failed_statuses` answers from 400 on."""

    answered: int
    duration_us: int
    p50_us: int
    p90_us: int
    p99_us: int
    max_us: int
    failed_statuses: int
    lost: int

    @property
    def failures(self) -> int:
        """Requests that did not get what they came for."""
        return self.failed_statuses + self.lost

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answered / (self.duration_us / 1e6)


class Wrk(msgspec.Struct, frozen=True):
    """wrk against one edge, always with the same number of threads and connections; `told` is for its script alone."""

    url: str
    connections: int
    threads: int
    secret: str
    clicks_file: Path
    script: Path = SCRIPT
    told: Mapping[str, str] = {}

    def drive(self, run: str, duration_s: int) -> Load:
        """Send for that long; `run` becomes part of every transaction id."""
        process = subprocess.run(
            self._command(duration_s),
            env=self._environment(run),
            check=True,
            capture_output=True,
            timeout=duration_s + SPARE_S,
        )
        return msgspec.json.decode(process.stdout.splitlines()[-1], type=Load)

    def _command(self, duration_s: int) -> list[str]:
        numbers = [f"-t{self.threads}", f"-c{self.connections}", f"-d{duration_s}s", f"--timeout={REQUEST_TIMEOUT_S}s"]
        return ["wrk", *numbers, "-s", str(self.script), self.url]

    def _environment(self, run: str) -> dict[str, str]:
        settings = {"BENCH_SECRET": self.secret, "BENCH_RUN": run, "BENCH_CLICKS": str(self.clicks_file)}
        return {**os.environ, **settings, **self.told}
