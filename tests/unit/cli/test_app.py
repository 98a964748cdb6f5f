"""A command imports what it needs, and not what the other commands need."""

import subprocess
import sys

from tests.parts.cli import BACKEND

IMPORTED = """
import sys
from postledger.bootstrap.command import create_command
try:
    create_command()(["migrate", "--help"])
finally:
    print(*(name.removeprefix("postledger.cli.") for name in sys.modules if name.startswith("postledger.cli.")))
"""


def test_a_command_imports_no_other_one() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTED], env={"PYTHONPATH": str(BACKEND)}, capture_output=True, text=True, check=False
    )

    imported = set(ran.stdout.splitlines()[-1].split())
    assert "schema" in imported
    assert imported.isdisjoint({"forwards", "sources", "configure", "sending", "listing", "doctor"})
