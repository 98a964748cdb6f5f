"""Does one kind of a worker's work for ever: at once while there is some, else after a pause, on its own connection.

A failure never ends a loop. It is logged once for each cause until the work succeeds again. The next attempt follows
after a pause that grows to a second, on a fresh connection if the old one is lost. It grows to five seconds while a
service that the work needs, other than Postgres, is down.
"""

import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import psycopg
from gevent.event import Event
from psycopg import Connection

from postledger.platform.leases import spread
from postledger.platform.logs import tell_where
from postledger.platform.postgres.errors import DatabaseFailed, is_usable, translated_errors

IDLE_PAUSE_S = 0.2
GATHER_S = 0.25
"""The pause after a portion that was not full: each costs some statements, so the next one should gather more."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
LONGEST_OUTAGE_PAUSE_S = 5.0
"""The longest pause while a service other than Postgres is down: each attempt costs that service something."""
MOST_FAILURES = 5
_SPREAD = 0.2
_log = logging.getLogger("postledger.worker")


class Unavailable(Exception):
    """A service other than Postgres that the work needs is down. The work is repeated. The worker counts as healthy."""

    def __init__(self, cause: str, advice: str) -> None:
        super().__init__(advice)
        self.cause, self.advice = cause, advice


Work = Callable[[Connection[Any]], int | None]
"""One portion of the work. It returns how much it did. 0: there was none. None: another worker is doing it."""


class WorkLoop:
    """Calls `work` again and again. `connect` opens the connection that the work gets, in autocommit mode.

    `finish` ends what the work has begun between its portions. It is called once, when the loop was asked to stop.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        connect: Callable[[], Connection[Any]],
        *,
        idle_pause_s: float = IDLE_PAUSE_S,
        full_portion: int = 1,
        on_failure: Callable[[], None] = lambda: None,
        finish: Callable[[Connection[Any]], None] = lambda _: None,
    ) -> None:
        self.name, self._work, self._connect, self._idle_pause_s = name, work, connect, idle_pause_s
        self._full_portion, self._on_failure, self._finish = full_portion, on_failure, finish
        self._connection: Connection[Any] | None = None
        self._failures, self._logged = 0, set[tuple[str | None, ...]]()
        self._longest_pause_s = LONGEST_PAUSE_S
        self.is_healthy = False
        """Whether it has a connection and the last portion succeeded."""

    def run(self, stop: Event) -> None:
        """Work until `stop` is set. A portion that has begun is finished."""
        while not stop.is_set():
            done = self.work_once()
            if not done:
                stop.wait(self._failure_pause_s() if self._failures else self._idle_pause_s)
            elif done < self._full_portion:
                stop.wait(GATHER_S)
        self._try(self._finish)

    def run_until_idle(self, stop: Event) -> bool:
        """Work until there is nothing left to do, or `stop` is set. False after `MOST_FAILURES` in a row."""
        while not stop.is_set() and self._failures < MOST_FAILURES:
            done = self.work_once()
            if done == 0:
                break
            if done is None and self._failures < MOST_FAILURES:
                stop.wait(self._failure_pause_s() if self._failures else self._idle_pause_s)
        is_done = not self._failures
        self._try(self._finish)
        self.close()
        return is_done

    def work_once(self) -> int | None:
        """Do one portion. A failure is logged and counts as None."""
        failures = self._failures
        done = self._try(self._work)
        if self._failures == failures:
            self._note_success()
        return done

    def _try(self, work: Callable[[Connection[Any]], int | None]) -> int | None:
        try:
            with translated_errors():
                done = work(self._open())
        except Unavailable as away:
            self._note_failure({"cause": away.cause, "advice": away.advice}, is_healthy=True)
        except DatabaseFailed as failed:
            self._note_failure({"cause": failed.cause, "sqlstate": failed.sqlstate, "advice": failed.advice})
        except Exception as error:  # a bug in one portion must not end the worker
            self._note_failure({"cause": type(error).__name__, "at": tell_where(error.__traceback__)})
        else:
            return done
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _open(self) -> Connection[Any]:
        if self._connection is None:
            self._connection = self._connect()
            self.is_healthy = not self._failures
        return self._connection

    def _note_failure(self, fields: Mapping[str, str | None], *, is_healthy: bool = False) -> None:
        self.is_healthy = is_healthy
        self._longest_pause_s = LONGEST_OUTAGE_PAUSE_S if is_healthy else LONGEST_PAUSE_S
        self._failures += 1
        self._on_failure()
        if self._connection is not None and not is_usable(self._connection):
            self.close()
        cause = tuple(fields.values())
        if cause not in self._logged:
            self._logged.add(cause)
            _log.error("failed, and is repeated", extra={"fields": {"loop": self.name, **fields}})

    def _note_success(self) -> None:
        if self._failures:
            _log.info("works again", extra={"fields": {"loop": self.name, "failures": self._failures}})
        self.is_healthy = True
        self._failures = 0
        self._logged.clear()

    def _failure_pause_s(self) -> float:
        pause_s = min(self._longest_pause_s, FIRST_PAUSE_S * 2 ** min(self._failures, 10))
        return spread(pause_s, _SPREAD, random.random())  # noqa: S311 - it separates retries, it protects nothing
