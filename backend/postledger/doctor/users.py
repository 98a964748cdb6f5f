"""Checks which users run the processes that `make up` started.

Processes that root starts must change to users of their own, because they parse what clients send.
"""

import pwd
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from postledger.doctor.check_result import CheckResult

_NAME = "users"
_PROC = Path("/proc")
_SUPERVISOR = "supervisord"
_STAY_ROOT = (_SUPERVISOR, "watcher")  # they start the others, and read nothing that a client sent
_OWN_USERS = ("postgres", "rabbitmq")  # those that their packages make
_ADVICE = "run make up: it changes users, or prints why it cannot, such as a directory that they cannot enter"


class Process(msgspec.Struct, frozen=True):
    """A running process of a part. `is_first` is the process that the supervisor started."""

    part: str
    user: str
    is_first: bool


def check_users(environment: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check every process group of the run directory. There is no result if `make up` started none."""
    directory = environment.get("POSTLEDGER_RUN_DIRECTORY")
    found = list(_find_processes(Path(directory))) if directory else []
    if found:
        yield judge_users(found, environment.get("POSTLEDGER_EDGE_USER") or "postledger-edge")


def judge_users(processes: Iterable[Process], edge_user: str) -> CheckResult:
    """Decide whether each process has its user. If no root started them, they all have the user that did."""
    known = list(processes)
    starter = next((one.user for one in known if one.part == _SUPERVISOR), "root")
    wrong = [one for one in known if one.user not in _allowed(one, starter, edge_user)]
    users = {
        part: sorted({one.user for one in known if one.part == part}) for part in sorted({one.part for one in known})
    }
    found = ", ".join(f"{part} {'+'.join(names)}" for part, names in users.items())
    if wrong:
        expected = _allowed(wrong[0], starter, edge_user)[0]
        found = f"{wrong[0].part} runs as {wrong[0].user}, not as {expected} ({found})"
    return CheckResult(_NAME, not wrong, found, _ADVICE)


def _allowed(process: Process, starter: str, edge_user: str) -> tuple[str, ...]:
    if starter != "root" or process.part in _STAY_ROOT:
        return (starter,)
    if process.part in _OWN_USERS:
        return (process.part,)
    if process.part == "edge":  # nginx' master binds ports and reads keys
        return (edge_user, "root") if process.is_first else (edge_user,)
    return ("postledger",)


def _find_processes(directory: Path) -> Iterator[Process]:
    groups = {file.read_text().strip(): file.stem for file in directory.glob("*.pid")}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (found := _read(folder, groups)):
            yield found


def _read(folder: Path, groups: Mapping[str, str]) -> Process | None:
    try:
        state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        status = (folder / "status").read_text()
    except OSError:  # it has ended
        return None
    if state == "Z" or group not in groups:
        return None
    uid = int(status.partition("\nUid:")[2].split()[1])
    return Process(groups[group], _name_of(uid), folder.name == group)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
