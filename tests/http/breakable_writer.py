"""The shipped backend, whose writer can be broken from outside: a test writes the name of a fault into a file.

gunicorn imports this in place of the shipped factory. Each worker looks for the file; the first one to find it breaks.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from postledger.ledger.group_commit import GroupCommit
from tests.parts import patient_app

FAULT_FILE = "FAULT_FILE"
LOOK_EVERY_S = 0.02
LOCK_MS = 1200


def _fail(*_: object) -> None:
    raise KeyError("345.67")


def _kill_writer(commit: GroupCommit[Any, Any]) -> None:
    gevent.kill(commit._writer)


def _kill_clock(commit: GroupCommit[Any, Any]) -> None:
    gevent.kill(commit._clock)


def _break_metric(commit: GroupCommit[Any, Any]) -> None:
    commit._observe_flush = _fail


FAULTS: dict[str, Callable[[GroupCommit[Any, Any]], None]] = {
    "writer": _kill_writer,
    "clock": _kill_clock,
    "metric": _break_metric,
}


def _break_when_told(commit: GroupCommit[Any, Any]) -> None:
    file = Path(os.environ[FAULT_FILE])
    while True:
        gevent.sleep(LOOK_EVERY_S)
        try:
            fault = file.read_text()
            file.unlink()
        except OSError:
            continue
        FAULTS[fault](commit)


def create() -> Any:
    """Make the application that the shipped factory makes, with a writer that can be broken."""
    patient_app.be_patient()
    vars(patient_app.backend)["FLUSH_LOCK_MS"] = LOCK_MS  # a lock is reported, however patient the rest is
    start = GroupCommit.__init__

    def start_breakable(self: GroupCommit[Any, Any], *arguments: Any, **options: Any) -> None:
        start(self, *arguments, **options)
        gevent.spawn(_break_when_told, self)

    GroupCommit.__init__ = start_breakable  # type: ignore[method-assign]
    return patient_app.backend.create()
