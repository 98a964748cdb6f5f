"""The composition root of the `postledger` command: opens the ledger and the keyring from the environment."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import typer

from postledger.cli.app import create_cli
from postledger.cli.connections import Connections, OnExport
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import LedgerConnection, connect, watch_client
from postledger.platform.postgres.errors import translated_errors
from postledger.platform.settings import read_database_url, read_environment, read_exports_folder, read_master_keys


def create_command() -> typer.Typer:
    """Build the command. It reads the environment only when a sub-command runs."""
    return create_cli(Connections(open_ledger, open_keyring, run_worker, run_consumer, run_exports))


@contextmanager
def open_ledger(statement_timeout_ms: int) -> Iterator[LedgerConnection]:
    """Open a connection and close it at the end. Raises `BadSetting` or `DatabaseFailed`, also for statements on it.

    A command that is killed leaves no statement that runs on and keeps its locks. It may compute within a transaction.
    """
    url = read_database_url(read_environment())
    with (
        translated_errors(),
        closing(connect(url, name="cli", statement_timeout_ms=statement_timeout_ms)) as connection,
    ):
        watch_client(connection, idle_transaction_ms=None)
        yield connection


def open_keyring() -> Keyring:
    """Read the master keys. Raises `BadSetting`."""
    return Keyring(read_master_keys(read_environment()))


def run_worker(parts: Sequence[str], once: bool) -> bool:
    """Run a worker. Raises `BadSetting`."""
    from postledger.bootstrap.worker import run_worker as run  # noqa: PLC0415 - the other commands start faster without

    return run(parts, once=once)


def run_consumer() -> None:
    """Run a consumer of the broker. Raises `BadSetting`."""
    from postledger.bootstrap.consuming import run_consumer as run  # noqa: PLC0415 - as above

    run()


def run_exports(connection: LedgerConnection, keyring: Keyring, on_export: OnExport) -> None:
    """Export what is due. Raises `BadSetting`."""
    from postledger.bootstrap.exporting import export_once  # noqa: PLC0415 - as above

    export_once(connection, keyring, read_exports_folder(read_environment()), on_export)
