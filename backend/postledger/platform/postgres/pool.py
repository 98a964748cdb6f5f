"""The connection pool of a worker, for everything except the hot path: the policy, the partitions, the health check."""

from functools import partial
from typing import Any

import gevent
from psycopg import Connection
from psycopg_pool import ConnectionPool

from postledger.platform.postgres.connection import OPTIONS, configure, ping
from postledger.platform.postgres.errors import DatabaseFailed, translated_errors
from postledger.platform.timeouts import HEALTH_WITHIN_S, POOL_RECONNECT_S, POOL_STATEMENT_MS, POOL_WAIT_S

Pool = ConnectionPool[Connection[Any]]


def make_pool(database_url: str, *, size: int) -> Pool:
    """Make a closed pool, to be opened after the fork.

    It gives up a failed connection attempt soon (`reconnect_timeout`), because the next user then starts a fresh one.
    The pool's own pauses between attempts grow, so it would find Postgres long after Postgres is back.
    """
    return ConnectionPool(
        database_url,
        kwargs=OPTIONS,
        configure=partial(configure, name="pool", statement_timeout_ms=POOL_STATEMENT_MS),
        min_size=0,
        max_size=size,
        timeout=POOL_WAIT_S,
        reconnect_timeout=POOL_RECONNECT_S,
        check=ConnectionPool.check_connection,
        open=False,
    )


def answers(pool: Pool) -> bool:
    """Return whether Postgres answers in time."""
    # A server that hangs keeps its connections open, and no timeout of the driver ends such a wait.
    try:
        with translated_errors(), gevent.Timeout(HEALTH_WITHIN_S), pool.connection() as connection:
            ping(connection)
    except (gevent.Timeout, DatabaseFailed):
        return False
    return True
