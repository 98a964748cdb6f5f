"""Checks how the kernel schedules the edge and the backend, and shows how it does the sandbox."""

from collections.abc import Iterable, Iterator, Mapping

from postledger.doctor.check_result import CheckResult
from postledger.doctor.processes import Process, find_processes
from postledger.platform.settings import BadSetting, read_scheduling

_NAME = "scheduling"
_PARTS, _SANDBOX = ("backend", "edge"), "sandbox"
_ADVICE = "run make up; where the system does not allow another class, set POSTLEDGER_SCHEDULING=normal"


def check_scheduling(environment: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check that edge and backend have the scheduling class of the settings. No result if `make up` started neither."""
    found = list(find_processes(environment))
    if not any(process.part in _PARTS for process in found):
        return
    try:
        yield judge_scheduling(found, read_scheduling(environment))
    except BadSetting as error:
        yield CheckResult(_NAME, False, str(error), "correct it, then run make up")


def judge_scheduling(processes: Iterable[Process], wanted: str) -> CheckResult:
    """Compare the classes of processes with the one that the settings ask for. Some systems have no groups."""
    classes = {part: set[str]() for part in (*_PARTS, _SANDBOX)}
    for process in processes:
        if process.part == _SANDBOX:
            classes[_SANDBOX].add("light" if process.is_light else "nice")
        elif process.part in _PARTS:
            classes[process.part].add("batch" if process.is_batch else "normal")
    found = ", ".join(f"{part} {'+'.join(sorted(names))}" for part, names in classes.items() if names)
    return CheckResult(_NAME, all(classes[part] <= {wanted} for part in _PARTS), found, _ADVICE)
