"""A command and the server process that works for it give way to requests; others stay as they are."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from postledger.bootstrap.command import open_ledger
from postledger.platform.giving_way import NICE, lower_server
from tests.parts.checkout import ROOT

COMMAND = """
import os, sys
from postledger import __main__ as program
sys.argv = ["postledger", "--version"]
try:
    program.main()
except SystemExit:
    pass
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


def nice_of(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def autogroup_of(pid: int) -> str | None:
    """The weight of a session, as the kernel shows it; None if it weighs none."""
    file = Path(f"/proc/{pid}/autogroup")
    return file.read_text().rpartition("nice ")[2].strip() if file.exists() and file.read_text() else None


def test_the_server_process_of_a_command_is_lowered(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    with psycopg.connect(database) as other, open_ledger(60_000) as connection:
        lowered, usual = connection.info.backend_pid, other.info.backend_pid

        assert (nice_of(lowered), nice_of(usual)) == (NICE, nice_of(0))
        assert autogroup_of(lowered) in (None, str(NICE))
        assert autogroup_of(usual) in (None, "0")


def test_a_process_that_serves_another_client_stays_as_it_is(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(database) as connection, psycopg.connect(database) as other:
        pid = other.info.backend_pid
        monkeypatch.setattr(type(connection.info), "backend_pid", pid)

        lower_server(connection)

        assert nice_of(pid) == nice_of(0)


def test_a_command_is_lowered() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", COMMAND], env={"PYTHONPATH": str(ROOT / "backend")}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    assert ran.stdout.splitlines()[-1] == str(NICE)
