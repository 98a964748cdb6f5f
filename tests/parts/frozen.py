"""A Postgres that hangs: its processes stand still, its port still takes connections, and nobody ever answers.

Apart from stopping and killing, because this is the outage that no error tells of.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.parts.databases import fetch
from tests.parts.postgres import Postgres
from tests.parts.waiting import wait_until


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """Stop all processes of the cluster in their tracks; in the end they go on as if nothing had been."""
    ((directory,),) = fetch(postgres.url(), "SHOW data_directory")
    try:
        wait_until(lambda: _stop(directory), what="a standstill")
        yield
    finally:
        _signal(directory, signal.SIGCONT)


def _stop(directory: str) -> bool:
    """True when all stood still before: one that does not yet may be about to make another one."""
    states = [_state(process) for process in _processes(directory)]
    _signal(directory, signal.SIGSTOP)
    return {state for state in states if state} == {"T"}


def _signal(directory: str, what: signal.Signals) -> None:
    for process in _processes(directory):
        with suppress(ProcessLookupError):
            os.kill(int(process.name), what)


def _processes(directory: str) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if os.readlink(process / "cwd") == directory:
                yield process


def _state(process: Path) -> str:
    """As the kernel's letter; empty when it has ended."""
    try:
        return (process / "stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return ""
