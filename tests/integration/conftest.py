"""The command line on a fresh ledger, away from whatever this machine's shell and `make up` have set."""

import os
from pathlib import Path

import pytest

from tests.integration.configured import FILE
from tests.parts.cli import CommandLine


@pytest.fixture
def cli(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Commands run in an empty directory, with the ledger's variables and no other of ours."""
    for name in os.environ:
        if name.startswith("POSTLEDGER_") or name in ("DATABASE_URL", "PROMETHEUS_URL", "ALERTMANAGER_URL"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return CommandLine(environment, tmp_path)


@pytest.fixture
def file(cli: CommandLine) -> str:
    """The path of a configuration with one object of each kind."""
    return cli.write("ledger.toml", FILE)
