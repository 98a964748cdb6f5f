"""Runs tasks, one after the other. While a task runs, its lease is renewed over a connection of its own.

A task may run twice: if its worker is killed, or loses its lease while the machine stands still. So it must be safe to
repeat. It commits in portions and reports its progress after each, which is also where it can be interrupted.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

import gevent
import psycopg
from gevent.event import Event
from psycopg import Connection

from postledger.platform.logs import tell_where
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.errors import is_usable
from postledger.platform.tasks.queue import LeasedTask, bury_lost, finish, give_back, lease, postpone, renew

Report = Callable[[float, float | None], None]
"""Takes what is done and the total. It raises `TaskInterrupted` if the task must end, which the task lets pass."""
Task = Callable[[Connection[Any], Mapping[str, Any], Report], None]
"""What a task does, with its arguments, over a connection in autocommit mode."""

RENEW_EVERY_S = 20
_LOOK_EVERY_S = 1.0
_log = logging.getLogger("postledger.tasks")


class TaskInterrupted(Exception):
    """The worker stops, or does not hold the task any more."""


class TaskRunner:
    """Runs the tasks that it knows. `count` takes the name of a task and its result: done, retried or dead."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        connect: Callable[[], Connection[Any]],
        stop: Event,
        count: Callable[[str, str], None],
    ) -> None:
        self._tasks, self._connect, self._stop, self._count = tasks, connect, stop, count

    def work(self, connection: Connection[Any]) -> int:
        """Run the task that has been due for longest. Returns how many were run."""
        now = read_clock(connection)
        for name in bury_lost(connection, list(self._tasks), now):
            self._note(name, "dead", fault="WorkerEnded")
        task = lease(connection, list(self._tasks), now)
        if task is None:
            return 0
        with closing(_LeaseKeeper(task, self._connect, self._stop)) as keeper:
            self._run(connection, task, keeper)
        return 1

    def _run(self, connection: Connection[Any], task: LeasedTask, keeper: "_LeaseKeeper") -> None:
        try:
            self._tasks[task.name](connection, task.args, keeper.report)
        except (TaskInterrupted, gevent.GreenletExit) as stopped:
            self._settle(connection, lambda settling: give_back(settling, task, read_clock(settling)))
            if isinstance(stopped, gevent.GreenletExit):
                raise
        except Exception as error:  # whatever a task raises, it is tried again
            # The message of an exception can quote an amount or a name.
            fault = f"{type(error).__name__} at {tell_where(error.__traceback__)}"
            self._settle(connection, lambda settling: self._postpone(settling, task, fault))
        else:
            finish(connection, task, keeper.progress, read_clock(connection))
            self._note(task.name, "done", id=task.id)

    def _postpone(self, connection: Connection[Any], task: LeasedTask, fault: str) -> None:
        is_dead = postpone(connection, task, fault, read_clock(connection))
        self._note(task.name, "dead" if is_dead else "retried", id=task.id, attempt=task.attempt, fault=fault)

    def _settle(self, connection: Connection[Any], settle: Callable[[Connection[Any]], None]) -> None:
        # The task may have lost the connection, or left it within a statement.
        if is_usable(connection):
            settle(connection)
        else:
            with closing(self._connect()) as fresh:
                settle(fresh)

    def _note(self, name: str, result: str, **fields: Any) -> None:
        self._count(name, result)
        level = logging.INFO if result == "done" else logging.ERROR
        _log.log(level, "task", extra={"fields": {"task": name, "result": result, **fields}})


class _LeaseKeeper:
    """Renews the lease of one task, and writes its progress, until it is closed. A short task needs neither."""

    def __init__(self, task: LeasedTask, connect: Callable[[], Connection[Any]], stop: Event) -> None:
        self._task, self._connect, self._stop = task, connect, stop
        self.progress: dict[str, float | None] | None = None
        self._written: dict[str, float | None] | None = None
        self._is_lost = False
        self._greenlet = gevent.spawn(self._keep)

    def report(self, done: float, total: float | None) -> None:
        """Note the progress. Raises `TaskInterrupted`."""
        self.progress = {"done": done, "total": total}
        gevent.sleep(0)  # a task that never waits would not let its lease be renewed
        if self._is_lost or self._stop.is_set():
            raise TaskInterrupted

    def close(self) -> None:
        """Stop renewing."""
        self._greenlet.kill()

    def _keep(self) -> None:
        gevent.sleep(_LOOK_EVERY_S)
        while not self._is_lost:
            with suppress(psycopg.Error):  # until Postgres is back; the lease lasts for three attempts
                self._keep_over_a_connection()
            gevent.sleep(_LOOK_EVERY_S)

    def _keep_over_a_connection(self) -> None:
        with closing(self._connect()) as connection:
            while not self._is_lost:
                self._renew(connection)
                for _ in range(RENEW_EVERY_S):
                    gevent.sleep(_LOOK_EVERY_S)
                    if self.progress != self._written:
                        break

    def _renew(self, connection: Connection[Any]) -> None:
        progress = self.progress
        self._is_lost = not renew(connection, self._task, progress, read_clock(connection))
        self._written = progress
