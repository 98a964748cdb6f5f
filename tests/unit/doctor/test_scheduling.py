"""The check of `doctor` on the scheduling class of edge and backend."""

import pytest

from postledger.doctor.processes import Process
from postledger.doctor.scheduling import check_scheduling, judge_scheduling

BATCH = [Process(part, "postledger", is_first=True, is_batch=True) for part in ("backend", "edge")]
NORMAL = [Process(part, "postledger", is_first=True) for part in ("backend", "edge")]


def test_the_classes_are_shown_and_compared() -> None:
    assert judge_scheduling(BATCH, "batch").passed
    assert judge_scheduling(BATCH, "batch").found == "backend batch, edge batch"
    assert judge_scheduling(NORMAL, "normal").passed


@pytest.mark.parametrize(("is_light", "found"), [(True, "sandbox light"), (False, "sandbox nice")])
def test_the_class_of_the_sandbox_is_shown_only(is_light: bool, found: str) -> None:
    sandbox = Process("sandbox", "postledger", is_first=True, is_light=is_light)

    result = judge_scheduling([*BATCH, sandbox], "batch")

    assert result.passed
    assert result.found == f"backend batch, edge batch, {found}"


@pytest.mark.parametrize(
    ("processes", "wanted"), [(NORMAL, "batch"), (BATCH, "normal"), ([*BATCH, NORMAL[0]], "batch")]
)
def test_a_process_of_another_class_fails(processes: list[Process], wanted: str) -> None:
    assert not judge_scheduling(processes, wanted).passed


def test_without_processes_there_is_no_result() -> None:
    assert list(check_scheduling({})) == []
