"""A worker beside the contestants, on the same cores and the same ledger, and what it is configured with."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString

from loadtests.bench.ledger import Ledger
from loadtests.bench.parts import ROOT, Ground
from loadtests.bench.processes import Memory, cpu_seconds, read_memory
from loadtests.bench.rounds import RoundFailed

WAIT_AT_MOST_S = 120
STOP_WITHIN_S = 30
_IS_DRAINED = "SELECT NOT EXISTS (SELECT FROM outbox)"
_IS_CONNECTED = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'postledger-worker')"

FINANCE = """
[finance]
base_currency = "USD"
timezone = "UTC"

[[payees]]
id = "456"
name = "Affiliate 456"
currency = "USD"

[[expense_rules]]
slug = "all"
category = "Affiliate Commission — {campaign.name}"
account = "6010"
amount = "70%"
accrue = ["approved"]
direction = "payable"
"""
"""Books in which each conversion of the benchmark gets a line."""


class Worker:
    """`postledger worker` on a ledger, of the copied backend, for the time of a `with`."""

    def __init__(self, ground: Ground, ledger: Ledger, settings: Mapping[str, str] | None = None) -> None:
        self._ledger, self._environment = ledger, {**_environment(ground, ledger), **(settings or {})}
        self._log = ground.home / "worker.log"

    def __enter__(self) -> "Worker":
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "postledger", "worker"]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_for(_IS_CONNECTED, "did not connect")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def cpu_s(self) -> float:
        """The processor time that it has used."""
        return cpu_seconds(self._process.pid)

    def memory(self) -> Memory:
        """The memory that it holds now."""
        return read_memory(self._process.pid)

    def drain(self) -> float:
        """Wait until the outbox is empty; gives the seconds that it took. Raises `RoundFailed`."""
        return self.wait_for(_IS_DRAINED, "left changes in the outbox")

    def wait_for(self, condition: LiteralString, complaint: str) -> float:
        """Wait until a statement gives true; gives the seconds that it took. Raises `RoundFailed`."""
        begun_s = time.monotonic()
        with self._ledger.connect() as connection:
            while connection.execute(condition).fetchone() != (True,):
                if self._process.poll() is not None or time.monotonic() > begun_s + WAIT_AT_MOST_S:
                    raise RoundFailed(f"the worker {complaint}:\n{self._log.read_text()[-2000:]}")
                time.sleep(0.01)
        return time.monotonic() - begun_s


def configure(ground: Ground, ledger: Ledger, document: str) -> None:
    """Apply a configuration to a ledger, as an operator does. Raises `RoundFailed`."""
    file = ground.home / "bench.toml"
    file.write_text(document, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "postledger", "apply", str(file)],
        cwd=ROOT, env=_environment(ground, ledger), check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if done.returncode:
        raise RoundFailed(f"apply failed: {done.stderr[-500:]}")


def _environment(ground: Ground, ledger: Ledger) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{ground.backend}:{ROOT}",
        "DATABASE_URL": ledger.url,
        "POSTLEDGER_MASTER_KEY": ledger.master_key,
        "POSTLEDGER_VAR": str(ground.home),
    }


def unpack_commit(ground: Ground, commit: str) -> Path:
    """Unpack another commit of this repository into the directory of the run. Raises `RoundFailed`."""
    folder = ground.home / commit
    if folder.exists():
        return folder
    packed = subprocess.run(["git", "-C", str(ROOT), "archive", commit], check=False, capture_output=True, timeout=60)
    if packed.returncode:
        raise RoundFailed(f"git does not know {commit} here; set BASELINE to the folder of a checkout of it")
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True, timeout=60)
    return folder
