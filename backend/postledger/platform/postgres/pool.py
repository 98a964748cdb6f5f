"""The pool for everything but the hot path: the policy, the partitions and the health check of a worker."""

from functools import partial
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from postledger.platform.postgres.connection import OPTIONS, configure

STATEMENT_TIMEOUT_MS = 5000

Pool = ConnectionPool[Connection[Any]]


def make_pool(database_url: str, *, size: int) -> Pool:
    """Make a closed pool, to be opened after the fork.

    It gives up a connection attempt soon (`reconnect_timeout`), because the next request then starts a fresh one: left
    to its own growing pauses it would find Postgres again long after it has come back.
    """
    return ConnectionPool(
        database_url,
        kwargs=OPTIONS,
        configure=partial(configure, name="pool", statement_timeout_ms=STATEMENT_TIMEOUT_MS),
        min_size=0,
        max_size=size,
        timeout=1.0,
        reconnect_timeout=0.5,
        check=ConnectionPool.check_connection,
        open=False,
    )
