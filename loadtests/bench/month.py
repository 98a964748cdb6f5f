"""What the bars of a month's end share: a Postgres, its databases, and commands whose time and memory are measured."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from loadtests.bench.ledger import Ledger, make_database, make_ledger, postgres_pid
from loadtests.bench.parts import ROOT
from loadtests.bench.processes import KIB, cpu_seconds
from loadtests.bench.rounds import RoundFailed
from tests.parts.postgres import Postgres


class MonthGround(msgspec.Struct, frozen=True):
    """One Postgres, and a directory of this run alone."""

    home: Path
    postgres: Postgres

    def cpu_s(self) -> float:
        """The processor time that Postgres has used."""
        return cpu_seconds(postgres_pid(self.postgres.url()))

    def make_ledger(self, name: str) -> Ledger:
        """Make a database with the source of the benchmark."""
        return make_ledger(make_database(self.postgres.url(), name), self.home / f"clicks-{name}")


class Ran(msgspec.Struct, frozen=True):
    """A command that has ended well: what it printed, how long it took, and the most memory that it held."""

    out: str
    took_s: float
    cpu_s: float
    peak_bytes: int


def run_command(ledger: Ledger, *arguments: str) -> Ran:
    """Run a command of Postledger. Raises `RoundFailed`."""
    environment = {
        **os.environ, "PYTHONPATH": f"{ROOT}/backend", "DATABASE_URL": ledger.url,
        "POSTLEDGER_MASTER_KEY": ledger.master_key,
    }  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "postledger", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    out, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RoundFailed(f"postledger {arguments[0]} failed: {errors[-2000:]}")
    return Ran(out, time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB)
