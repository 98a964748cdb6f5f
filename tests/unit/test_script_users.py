"""What `script/users` prints when its reader was killed: nothing, because the log of the worker is JSON."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("call", ["obstacle no-such-user /", f"describe_python {sys.executable}", "answer text"])
def test_a_killed_reader_causes_no_message(call: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    # As under supervisord, SIGPIPE is ignored.
    script = f"trap '' PIPE; source script/users; {call}"
    ran = subprocess.run(["bash", "-c", script], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert ran.stderr == b""


def test_the_version_and_the_libraries_of_a_python_are_printed() -> None:
    script = f"source script/users; describe_python {sys.executable}"
    told = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    version, libraries = told.stdout.split()
    assert version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert Path(libraries).is_dir()
