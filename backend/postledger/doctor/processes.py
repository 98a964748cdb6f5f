"""Finds the processes of the parts that `make up` started."""

import os
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_GROUP, _POLICY = 2, 38
"""Where `/proc/PID/stat` has them, counted from the state: proc(5) numbers them 5 and 41."""
_LIGHT_GROUP = "/postledger-light\n"
"""How a line of `/proc/PID/cgroup` ends; `script/light-group` gives the group its name."""


class Process(msgspec.Struct, frozen=True):
    """A running process of a part. `is_first` is the process that the supervisor started.

    `is_batch`: the kernel schedules it as SCHED_BATCH. `is_light`: it is in the control group of little weight.
    """

    part: str
    user: str
    is_first: bool
    is_batch: bool = False
    is_light: bool = False


def find_processes(environment: Mapping[str, str]) -> list[Process]:
    """Find every process in the process groups of the run directory. Empty if `make up` started none."""
    directory = environment.get("POSTLEDGER_RUN_DIRECTORY")
    return list(_find_in_groups(Path(directory))) if directory else []


def _find_in_groups(directory: Path) -> Iterator[Process]:
    groups = {file.read_text().strip(): file.stem for file in directory.glob("*.pid")}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (found := _read(folder, groups)):
            yield found


def _read(folder: Path, groups: Mapping[str, str]) -> Process | None:
    try:
        facts = (folder / "stat").read_text().rpartition(")")[2].split()
        status = (folder / "status").read_text()
        is_light = _LIGHT_GROUP in (folder / "cgroup").read_text()
    except OSError:  # it has ended
        return None
    if facts[0] == "Z" or facts[_GROUP] not in groups:
        return None
    uid = int(status.partition("\nUid:")[2].split()[1])
    part = groups[facts[_GROUP]]
    is_batch = int(facts[_POLICY]) == os.SCHED_BATCH
    return Process(part, _name_of(uid), folder.name == facts[_GROUP], is_batch, is_light)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
