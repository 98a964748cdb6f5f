"""A run whose command was killed is over: its lock is free, and it is shown as failed."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.test_cli_statements import HEADER, ROWS
from tests.parts.cli import BACKEND, CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE
from tests.parts.waiting import wait_until
from tests.unit.policy.test_report_config import ACME

_RECONCILE = ("reconcile", "--period", "2026-10")
_SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'postledger-cli'"
)
_WAITING = f"{_SESSIONS} AND wait_event_type = 'Lock'"


@pytest.fixture
def waiting(cli: CommandLine, database: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command within a statement that does not end, because another session keeps the table as it is."""
    policy = f'{FINANCE}\n[[report_formats]]\n{ACME}delimiter = ";"\n'
    assert cli("apply", cli.write("acme.toml", policy)).code == 0
    assert cli("statement", "import", cli.write("october.csv", HEADER + ROWS)).code == 0
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), **cli.environment}
    with psycopg.connect(database) as holder:
        holder.execute("LOCK TABLE discrepancy_notes IN SHARE MODE")
        command = subprocess.Popen(
            [sys.executable, "-m", "postledger", *_RECONCILE], cwd=cli.directory, env=environment
        )
        try:
            wait_until(lambda: fetch(database, _WAITING) == [(1,)], what="the command")
            yield command
        finally:
            command.kill()
            command.wait()


def list_blockers(cli: CommandLine) -> list[str]:
    """What keeps the month from being locked."""
    return [each["kind"] for each in cli("period", "show", "2026-10", "--json").facts["blockers"]]


def list_states(cli: CommandLine) -> list[str]:
    """The states of the month's runs."""
    return [run["state"] for run in cli("period", "report", "2026-10", "--json").facts["report"]["runs"]]


def test_a_run_whose_command_was_killed_has_failed(
    cli: CommandLine, waiting: subprocess.Popen[bytes], database: str
) -> None:
    assert "is being reconciled by another run" in cli(*_RECONCILE).err
    assert ("running" in list_blockers(cli), list_states(cli)) == (True, ["running"])

    waiting.kill()

    wait_until(lambda: fetch(database, _SESSIONS) == [(0,)], what="the end of the session")
    assert ("running" in list_blockers(cli), list_states(cli)) == (False, ["failed"])
