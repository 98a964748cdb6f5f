"""`script/light-group`: where the group is made, and that a machine without such groups is as good."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(groups: Path, call: str) -> str:
    """Run a function of the script on a made-up tree of groups; return its output and its process id."""
    script = f"set -euo pipefail; source script/light-group; {call}; echo $$"
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT, env=os.environ | {"CONTROL_GROUPS": str(groups)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout.strip()


@pytest.mark.parametrize(
    ("parent", "file", "weight"),
    [("cpu", "cpu.shares", "50"), (".", "cpu.weight", "5")],
    ids=["version 1", "version 2"],
)
def test_a_process_enters_a_group_of_little_weight(tmp_path: Path, parent: str, file: str, weight: str) -> None:
    (tmp_path / parent).mkdir(exist_ok=True)
    (tmp_path / parent / "cgroup.procs").touch()

    number = _run(tmp_path, "enter_light_group")

    group = tmp_path / parent / "postledger-light"
    assert (group / file).read_text() == f"{weight}\n"
    assert (group / "cgroup.procs").read_text() == f"{number}\n"


def test_without_control_groups_nothing_is_made(tmp_path: Path) -> None:
    _run(tmp_path, "enter_light_group; remove_light_group")

    assert list(tmp_path.iterdir()) == []


def test_a_group_without_a_weight_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "postledger-light" / "cpu.weight").mkdir(parents=True)  # cannot be written, as without the controller

    _run(tmp_path, "enter_light_group")

    assert not (tmp_path / "postledger-light" / "cgroup.procs").exists()


def test_an_empty_group_is_removed_and_one_with_members_stays(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()
    group = tmp_path / "postledger-light"
    (group / "member").mkdir(parents=True)

    _run(tmp_path, "remove_light_group")
    assert group.exists()
    (group / "member").rmdir()
    _run(tmp_path, "remove_light_group")

    assert not group.exists()
