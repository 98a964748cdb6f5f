"""Keeps the newest policy in memory: a background greenlet reads it again after each change.

Requests use the policy that it holds and never ask Postgres for one. While Postgres is down, the last policy stays in
force.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import gevent
from gevent.event import Event
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.errors import DatabaseFailed, translated_errors
from postledger.platform.postgres.pool import Pool
from postledger.policy.policy import Policy
from postledger.policy.read import PolicyReader, read_version

_log = logging.getLogger("postledger.policy")

POLL_EVERY_S = 1.0


class PolicyRefresher:
    """Holds the current policy (None until one was read) and refreshes it within a second of a change.

    `tend` lists further periodic work. It runs after each refresh, on the same connection.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        on_change: Callable[[Policy], None],
        *,
        on_contact: Callable[[], None],
        tend: Sequence[Callable[[Connection[Any]], None]],
    ) -> None:
        self._pool, self._reader = pool, PolicyReader(keyring)
        self._on_change, self._on_contact, self._tend = on_change, on_contact, tend
        self.policy: Policy | None = None
        self._first_attempt = Event()
        self._greenlet = gevent.spawn(self._run)

    def wait_for_first_attempt(self, timeout_s: float) -> None:
        """Wait for the first attempt to read the policy. A worker that starts earlier would refuse every request."""
        self._first_attempt.wait(timeout=timeout_s)

    def close(self) -> None:
        """Stop refreshing."""
        self._greenlet.kill()

    def _run(self) -> None:
        while True:
            try:
                with translated_errors():
                    self._refresh()
            except DatabaseFailed as failed:
                _log.warning("the policy was not refreshed: cause=%s sqlstate=%s", failed.cause, failed.sqlstate)
            except Exception as error:  # a bug must not freeze the policy of a running worker for ever
                _log.error("the policy was not refreshed: %s", type(error).__name__)
            self._first_attempt.set()
            gevent.sleep(POLL_EVERY_S)

    def _refresh(self) -> None:
        with self._pool.connection() as connection:
            if self.policy is None or read_version(connection) != self.policy.version:
                self.policy = self._reader.load(connection)
                self._on_change(self.policy)
            self._on_contact()
            for tend in self._tend:
                tend(connection)
