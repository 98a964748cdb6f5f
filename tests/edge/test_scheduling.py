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
    ("now", "cores", "chosen"),
    [(NORMAL, 0.1, BATCH), (NORMAL, 0.09, NORMAL), (BATCH, 0.06, BATCH), (BATCH, 0.05, NORMAL)],
)
def test_a_busy_worker_works_in_long_turns(now: int, cores: float, chosen: int) -> None:
    program = f'print(require("postledger.turns").choose({now}, {cores}))'

    assert run_lua(program) == [str(chosen)]
