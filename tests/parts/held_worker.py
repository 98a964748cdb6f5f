"""A worker whose work waits, in the middle, until a test lets it go on: `python -m tests.parts.held_worker worker`.

Its consumer notes half of the receipts in the table `handed_over`, then waits as long as the table `holds` has a row
(between statements, or if the row says so within one), and then notes the others. Its task `count` notes each of its
steps in `steps`, and waits in the same way after each.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from postledger.platform.server.greenlet_process import prepare_greenlets

prepare_greenlets()

import gevent  # noqa: E402 - it must be prepared before anything imports the driver
from psycopg import Connection  # noqa: E402

from postledger.bootstrap import worker  # noqa: E402
from postledger.bootstrap.command import create_command  # noqa: E402
from postledger.ledger.outbox import Change  # noqa: E402
from postledger.platform.settings import WorkerSettings  # noqa: E402
from postledger.platform.tasks.run import Report, Task  # noqa: E402


def _wait_while_held(connection: Connection[Any], report: Callable[[], None] = lambda: None) -> None:
    while found := connection.execute("SELECT within_a_statement FROM holds").fetchone():
        if found[0]:
            connection.execute("SELECT pg_sleep(600)")
        report()
        gevent.sleep(0.01)


def _consume(connection: Connection[Any], changes: Sequence[Change], _now: datetime) -> None:
    rows = [(change.receipt, change.revision) for change in changes]
    _note(connection, rows[::2])
    _wait_while_held(connection)
    _note(connection, rows[1::2])


def _note(connection: Connection[Any], rows: Sequence[tuple[str, int]]) -> None:
    connection.cursor().executemany("INSERT INTO handed_over VALUES (%s, %s)", rows)


def _count(connection: Connection[Any], args: Mapping[str, Any], report: Report) -> None:
    for step in range(args["steps"]):
        connection.execute("INSERT INTO steps VALUES (%s)", (step,))
        _wait_while_held(connection, partial(report, step, args["steps"]))
        report(step + 1, args["steps"])


def _fail(_connection: Connection[Any], args: Mapping[str, Any], _report: Report) -> None:
    raise ValueError(args)


def _list_consumers(tools: worker._Tools) -> Sequence[worker.Configured]:
    return (worker.Configured(_consume, lambda _: True),)


def _list_tasks(settings: WorkerSettings) -> dict[str, Task]:
    return {**_SHIPPED_TASKS(settings), "count": _count, "fail": _fail}


_SHIPPED_TASKS = worker._list_tasks

if __name__ == "__main__":
    worker._list_consumers = _list_consumers
    worker._list_tasks = _list_tasks
    sys.argv[0] = "postledger"
    create_command()()
