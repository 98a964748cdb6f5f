"""The command line on a new ledger, without the settings of this machine's shell and `make up`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from postledger.ledger import writer_clock
from tests.integration.configured import FILE
from tests.parts.cli import CommandLine


@pytest.fixture
def cli(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Commands run in an empty directory, with the variables of the ledger and no other settings."""
    for name in os.environ:
        if name.startswith("POSTLEDGER_") or name in ("DATABASE_URL", "PROMETHEUS_URL", "ALERTMANAGER_URL"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return CommandLine(environment, tmp_path)


@pytest.fixture
def file(cli: CommandLine) -> str:
    """The path of a configuration with one object of each kind."""
    return cli.write("ledger.toml", FILE)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request becomes overdue because the machine is slow, except where a test asks for that."""
    monkeypatch.setattr(writer_clock, "ANSWER_WITHIN_S", 60.0)
    monkeypatch.setattr(writer_clock, "FLUSH_WITHIN_S", 60.0)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch, patience: None) -> Iterator[pytest.MonkeyPatch]:
    """Requests are overdue soon, until the test undoes it."""
    with monkeypatch.context() as hurry:
        hurry.setattr(writer_clock, "ANSWER_WITHIN_S", 0.1)
        yield hurry
