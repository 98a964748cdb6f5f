"""What commands need of the composition root, `bootstrap/command.py`: the ledger, the keyring, the worker."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import msgspec
import typer

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import LedgerConnection

STATEMENT_TIMEOUT_MS = 60_000
LONG_STATEMENT_TIMEOUT_MS = 15 * 60_000
"""For statements that read a whole day of the audit, or change a large table."""


OnExport = Callable[[str, str, str], None]
"""Is called with each attempt to export: the number of the bill, the slug of the target, and the result."""


class Connections(msgspec.Struct, frozen=True):
    """Opens a connection with a statement timeout in ms, and the keyring. All read the environment when called.

    `run_worker` takes the parts to run and whether to run them once, and returns whether that succeeded. `run_consumer`
    runs until SIGTERM. `run_exports` exports what is due.
    """

    open_ledger: Callable[[int], AbstractContextManager[LedgerConnection]]
    open_keyring: Callable[[], Keyring]
    run_worker: Callable[[Sequence[str], bool], bool]
    run_consumer: Callable[[], None]
    run_exports: Callable[[LedgerConnection, Keyring, OnExport], None]


def open_ledger(
    context: typer.Context, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> AbstractContextManager[LedgerConnection]:
    """Open a connection for a command. It is closed at the end of the `with` block."""
    return _find(context).open_ledger(statement_timeout_ms)


def open_keyring(context: typer.Context) -> Keyring:
    """Read the master keys."""
    return _find(context).open_keyring()


def find_worker(context: typer.Context) -> Callable[[Sequence[str], bool], bool]:
    """Return the function that runs a worker."""
    return _find(context).run_worker


def find_consumer(context: typer.Context) -> Callable[[], None]:
    """Return the function that runs a consumer of the broker."""
    return _find(context).run_consumer


def find_exporter(context: typer.Context) -> Callable[[LedgerConnection, Keyring, OnExport], None]:
    """Return the function that exports what is due."""
    return _find(context).run_exports


def _find(context: typer.Context) -> Connections:
    found = context.obj
    assert isinstance(found, Connections), "create_cli gives every command its connections"
    return found
