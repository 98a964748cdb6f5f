"""What operators do with tasks: list them, try one again at once, discard one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible
from postledger.vocabulary.receipt import is_receipt

sql = statements_of("postledger.platform.tasks")

UNSETTLED = ("waiting", "running", "dead")
STATES = (*UNSETTLED, "done", "discarded")
Row = dict[str, Any]


def list_tasks(
    connection: Connection[Any], *, states: Sequence[str], name: str | None, limit: int | None, now: datetime
) -> list[Row]:
    """List tasks in some of the `STATES`, the newest first. A task that a worker holds is `running`."""
    with connection.cursor(row_factory=dict_row) as cursor:
        values = {"states": list(states), "name": name, "limit": limit, "now": now}
        return cursor.execute(sql("list_tasks"), values).fetchall()


def retry_tasks(connection: Connection[Any], task_ids: Sequence[str], now: datetime) -> None:
    """Make tasks that are dead or wait due now, with all their attempts. All or none. Raises an `OperatorError`."""
    try:
        _change(connection, sql("retry_tasks"), task_ids, now, "only one that waits or is dead can be retried")
    except UniqueViolation:
        raise NotPossible("the same task waits already; retry that one, and discard this one") from None


def discard_tasks(connection: Connection[Any], task_ids: Sequence[str], now: datetime) -> None:
    """Discard tasks that are not settled. One that runs ends at its next report. Raises an `OperatorError`."""
    _change(connection, sql("discard_tasks"), task_ids, now, "it cannot be discarded any more")


def _change(
    connection: Connection[Any], statement: LiteralString, task_ids: Sequence[str], now: datetime, advice: str
) -> None:
    for task_id in task_ids:
        if not is_receipt(task_id):
            raise InvalidRequest(f"{task_id} is not the id of a task; run: postledger jobs list")
    with connection.transaction():
        states = dict(connection.execute(sql("lock_tasks"), {"ids": list(task_ids), "now": now}).fetchall())
        if missing := [task_id for task_id in task_ids if task_id not in states]:
            raise NotFound(f"there is no task {missing[0]}; nothing was changed; run: postledger jobs list")
        done = {task_id for (task_id,) in connection.execute(statement, {"ids": list(task_ids), "now": now})}
        if kept := [task_id for task_id in task_ids if task_id not in done]:
            raise NotPossible(f"task {kept[0]} is {states[kept[0]]}; {advice}; nothing was changed")
