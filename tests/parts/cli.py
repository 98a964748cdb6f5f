"""Runs the command line for tests: in this process, which takes a few milliseconds, or as the real program."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from postledger.bootstrap.command import create_command
from tests.parts.part import END_WITHIN_S

BACKEND = Path(__file__).parents[2] / "backend"


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of one command."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What `--json` printed; the command must have succeeded."""
        assert self.code == 0, self.err
        return json.loads(self.out)


class CommandLine:
    """Runs commands with a given environment in a given directory, where no settings of this machine interfere."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self.environment, self.directory = {"POSTLEDGER_SETTINGS_FILE": "/dev/null", **environment}, directory

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        """Run a command in this process; the test must have made `directory` the working directory."""
        ran = CliRunner(env=self.environment).invoke(create_command(), arguments, input=stdin)
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    def process(self, *arguments: str, stdin: str = "") -> Ran:
        """Run the program as an operator does."""
        ran = subprocess.run(
            [sys.executable, "-m", "postledger", *arguments],
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=END_WITHIN_S,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def write(self, name: str, content: str | bytes) -> str:
        """Write a file into the directory and give its path."""
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)
