"""A Postgres that hangs: its processes stand still, its port still takes connections, and nobody ever answers.

Apart from stopping and killing, because this is the outage that no error tells of.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.databases import fetch
from tests.parts.postgres import Postgres


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """Stop all processes of the cluster in their tracks; in the end they go on as if nothing had been."""
    ((directory,),) = fetch(postgres.url(), "SHOW data_directory")
    try:
        # Twice: the first process may have made another one while we looked, but cannot make a third.
        for _ in range(2):
            _signal(directory, signal.SIGSTOP)
        yield
    finally:
        _signal(directory, signal.SIGCONT)


def _signal(directory: str, what: signal.Signals) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == directory:
                os.kill(int(process.name), what)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
