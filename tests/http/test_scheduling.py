"""The backend runs in the scheduling class of the settings."""

import os

from tests.http.conftest import Service


def test_every_worker_is_scheduled_as_batch(service: Service) -> None:
    workers = service.backend.worker_pids()

    assert {os.sched_getscheduler(pid) for pid in (service.backend.pid, *workers)} == {os.SCHED_BATCH}
