"""The edge runs in the scheduling class of the settings, or in that of its load."""

import os

import pytest

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend
from tests.edge.plain_lua import run_lua

NORMAL, BATCH = os.SCHED_OTHER, os.SCHED_BATCH


@pytest.mark.parametrize(("setting", "policy"), [("", NORMAL), ("batch", BATCH), ("normal", NORMAL)])
def test_every_process_has_the_class_of_the_settings(backend: EchoBackend, setting: str, policy: int) -> None:
    with edge_with(backend, POSTLEDGER_SCHEDULING=setting) as edge:
        assert {os.sched_getscheduler(pid) for pid in (edge.pid, *edge.worker_pids())} == {policy}


@pytest.mark.parametrize(
    ("now", "cores", "calm_looks", "chosen"),
    [
        (NORMAL, 0.1, 0, f"{BATCH}\t0"),
        (NORMAL, 0.09, 0, f"{NORMAL}\t0"),
        (BATCH, 0.06, 9, f"{BATCH}\t0"),
        (BATCH, 0.05, 8, f"{BATCH}\t9"),
        (BATCH, 0.05, 9, f"{NORMAL}\t10"),
    ],
)
def test_a_busy_worker_works_in_long_turns(now: int, cores: float, calm_looks: int, chosen: str) -> None:
    program = f'print(require("postledger.turns").choose({now}, {cores}, {calm_looks}))'

    assert run_lua(program) == [chosen]
