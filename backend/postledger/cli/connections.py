"""What commands open: the settings, the ledger, the keyring; here, so that each command says only what it does."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.platform.settings import read_database_url, read_environment, read_master_keys

STATEMENT_TIMEOUT_MS = 60_000


@contextmanager
def open_ledger(*, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Iterator[Connection[Any]]:
    """Open a connection of our own and close it afterwards."""
    url = read_database_url(read_environment())
    with closing(connect(url, name="cli", statement_timeout_ms=statement_timeout_ms)) as connection:
        yield connection


def open_keyring() -> Keyring:
    """Read the master keys."""
    return Keyring(read_master_keys(read_environment()))
