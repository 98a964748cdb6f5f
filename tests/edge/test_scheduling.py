"""The edge runs in the scheduling class of the settings."""

import os

import pytest

from tests.edge.conftest import edge_with
from tests.edge.echo_backend import EchoBackend


@pytest.mark.parametrize(("setting", "policy"), [("", os.SCHED_BATCH), ("normal", os.SCHED_OTHER)])
def test_every_process_has_the_class_of_the_settings(backend: EchoBackend, setting: str, policy: int) -> None:
    with edge_with(backend, POSTLEDGER_SCHEDULING=setting) as edge:
        assert {os.sched_getscheduler(pid) for pid in (edge.pid, *edge.worker_pids())} == {policy}
