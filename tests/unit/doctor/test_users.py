"""The check of `doctor` on the users that run the processes."""

import pytest

from postledger.doctor.processes import Process
from postledger.doctor.users import judge_users

EDGE = "postledger-edge"
STARTED_BY_ROOT = (
    Process("supervisord", "root", is_first=True),
    Process("watcher", "root", is_first=True),
    Process("postgres", "postgres", is_first=True),
    Process("rabbitmq", "rabbitmq", is_first=True),
    Process("backend", "postledger", is_first=True),
    Process("backend", "postledger", is_first=False),
    Process("edge", "root", is_first=True),
    Process("edge", EDGE, is_first=False),
    Process("prometheus", "postledger", is_first=True),
)


def test_processes_with_their_own_users_pass() -> None:
    result = judge_users(STARTED_BY_ROOT, EDGE)

    assert result.passed
    assert "edge postledger-edge+root" in result.found


@pytest.mark.parametrize(
    "wrong",
    [
        Process("backend", "root", is_first=True),
        Process("backend", EDGE, is_first=False),
        Process("edge", "root", is_first=False),
        Process("edge", "postledger", is_first=False),
        Process("alertmanager", "root", is_first=True),
        Process("node-exporter", "prometheus", is_first=True),
        Process("postgres", "postledger", is_first=True),
    ],
)
def test_a_process_of_another_user_fails(wrong: Process) -> None:
    result = judge_users([*STARTED_BY_ROOT, wrong], EDGE)

    assert not result.passed
    assert result.found.startswith(f"{wrong.part} runs as {wrong.user}, not as ")


def test_processes_of_a_plain_user_all_belong_to_that_user() -> None:
    parts = ("supervisord", "postgres", "backend", "edge", "prometheus")
    alices = [Process(part, "alice", is_first=True) for part in parts]

    assert judge_users(alices, EDGE).passed
    assert not judge_users([*alices, Process("backend", "root", is_first=False)], EDGE).passed


def test_a_given_user_of_the_edge_is_expected() -> None:
    edge = [Process("supervisord", "root", is_first=True), Process("edge", "web", is_first=False)]

    assert judge_users(edge, "web").passed
    assert not judge_users(edge, EDGE).passed
