"""`script/idle-group`: where the group is made, and that a machine without such groups is as good."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(groups: Path, call: str) -> str:
    """Run a function of the script on a made-up tree of groups; return its output and its process id."""
    script = f"set -euo pipefail; source script/idle-group; {call}; echo $$"
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT, env=os.environ | {"CONTROL_GROUPS": str(groups)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout.strip()


@pytest.mark.parametrize("parent", ["cpu", "."], ids=["version 1", "version 2"])
def test_a_process_enters_a_group_that_is_idle(tmp_path: Path, parent: str) -> None:
    (tmp_path / parent).mkdir(exist_ok=True)
    (tmp_path / parent / "cgroup.procs").touch()

    number = _run(tmp_path, "enter_idle_group")

    group = tmp_path / parent / "postledger-idle"
    assert (group / "cpu.idle").read_text() == "1\n"
    assert (group / "cgroup.procs").read_text() == f"{number}\n"


def test_without_control_groups_nothing_is_made(tmp_path: Path) -> None:
    _run(tmp_path, "enter_idle_group; remove_idle_group")

    assert list(tmp_path.iterdir()) == []


def test_a_group_that_cannot_be_idle_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "postledger-idle" / "cpu.idle").mkdir(parents=True)  # cannot be written, as with an older kernel

    _run(tmp_path, "enter_idle_group")

    assert not (tmp_path / "postledger-idle" / "cgroup.procs").exists()


def test_an_empty_group_is_removed_and_one_with_members_stays(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()
    group = tmp_path / "postledger-idle"
    (group / "member").mkdir(parents=True)

    _run(tmp_path, "remove_idle_group")
    assert group.exists()
    (group / "member").rmdir()
    _run(tmp_path, "remove_idle_group")

    assert not group.exists()
