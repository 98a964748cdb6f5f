"""`postledger --version`."""

from pathlib import Path

from postledger import __version__
from tests.parts.cli import CommandLine


def test_the_version_and_the_commit_are_printed(tmp_path: Path) -> None:
    run = CommandLine({"POSTLEDGER_COMMIT": "0123456789abcdef"}, tmp_path)

    ran = run("--version")

    assert (ran.code, ran.out) == (0, f"postledger {__version__} (0123456789ab)\n")
