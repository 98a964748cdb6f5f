"""What `make` offers: one list of targets, each with a description and a script of its own."""

import os
import re
import subprocess

from tests.parts.documents import ROOT

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


# Of the `make test` that may run this: below another make, make prints more.
OUTER = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in OUTER}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def list_targets() -> set[str]:
    """All targets that make itself knows, from its own dump of the Makefile."""
    rules = run("make", "--print-data-base", "--dry-run", "--question", "--no-builtin-rules", "help").stdout
    return set(re.findall(r"^([a-z][a-z-]*):", rules, re.MULTILINE))


def test_make_help_prints_every_target_in_one_line() -> None:
    printed = run("make", "help").stdout.splitlines()

    lines = {line.split()[0]: line for line in printed if line.startswith("  ")}
    assert set(lines) == list_targets()
    assert [line for line in lines.values() if len(line) > 110 or len(line.split()) < 3] == []


def test_make_alone_and_the_script_print_the_same_list() -> None:
    assert run("make").stdout == run("make", "help").stdout == run("script/help").stdout


def test_every_target_is_a_script() -> None:
    assert [name for name in list_targets() if not os.access(ROOT / "script" / name, os.X_OK)] == []


def test_the_makefile_names_no_target_twice() -> None:
    written = [name for name in list_targets() if len(re.findall(rf"^{name}\b", MAKEFILE, re.MULTILINE)) != 1]

    assert written == []


def test_arguments_reach_the_script() -> None:
    commands = run("make", "--dry-run", "test", "ARGS=tests/unit -k money").stdout

    assert commands == "script/test tests/unit -k money\n"
