"""Runs the commands by which `make up` prepares the ledger.

In one process, because each of them alone would spend most of its time on importing the same libraries.
"""

import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from postledger.bootstrap.command import create_command


def prepare_ledger(logs: Path, role: str, demo: str) -> None:
    """Migrate, let the dashboards' role read, apply a file if nothing is configured, and prepare the self-test.

    The log of each command is in the folder `logs`. An empty role or file is left out. A command that fails ends this
    with one line, except `grant`: dashboards without their money tables are a smaller evil than no ledger.
    """
    _require(logs / "migrate.log", "migrate")
    if role and (fault := _run(logs / "grant.log", "grant", role)):
        print(f"· The dashboards cannot read the ledger: {fault}")
    if demo:
        _require(logs / "apply.log", "apply", demo, "--if-empty")
    _require(logs / "selftest.log", "selftest", "--prepare")


def _require(log: Path, *words: str) -> None:
    if fault := _run(log, *words):
        sys.exit(f"up: postledger {' '.join(words)} failed: {fault}")


def _run(log: Path, *words: str) -> str | None:
    """Run a command. Returns its last words if it failed."""
    has_failed = False
    with log.open("w", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
        try:
            create_command()(words, prog_name="postledger")
        except SystemExit as end:
            has_failed = bool(end.code)
    said = [line for line in log.read_text("utf-8").splitlines() if line]
    return (said or ["(it is empty)"])[-1] if has_failed else None


if __name__ == "__main__":
    prepare_ledger(Path(sys.argv[1]), *sys.argv[2:])
