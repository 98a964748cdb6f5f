"""Checks which users run the processes that `make up` started.

Processes that root starts must change to users of their own, because they parse what clients send.
"""

from collections.abc import Iterable, Iterator, Mapping

from postledger.doctor.check_result import CheckResult
from postledger.doctor.processes import Process, find_processes

_NAME = "users"
_SUPERVISOR = "supervisord"
_STAY_ROOT = (_SUPERVISOR, "watcher")  # they start the others, and read nothing that a client sent
_OWN_USERS = ("postgres", "rabbitmq")  # those that their packages make
_ADVICE = "run make up: it changes users, or prints why it cannot, such as a directory that they cannot enter"


def check_users(environment: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check every process group of the run directory. There is no result if `make up` started none."""
    found = find_processes(environment)
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
