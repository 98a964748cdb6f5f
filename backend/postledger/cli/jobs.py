"""`jobs list`, `jobs retry` and `jobs discard`: the tasks of the worker."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, recorded
from postledger.cli.id_arguments import MOST_ROWS, read_receipt
from postledger.cli.list_format import Wide
from postledger.cli.output import AsJson, print_json
from postledger.cli.row_output import Columns, print_json_rows, print_row_table
from postledger.platform.postgres.connection import LedgerConnection
from postledger.platform.tasks.operate import STATES, UNSETTLED, discard_tasks, list_tasks, retry_tasks
from postledger.vocabulary.task_names import TASK_NAMES
from postledger.vocabulary.wording import count

jobs = typer.Typer(help="The tasks of the worker.", no_args_is_help=True)

State = StrEnum("State", [(name, name) for name in STATES])  # type: ignore[misc]
Ids = Annotated[list[str], typer.Argument(metavar="ID", help="The ids of tasks, from postledger jobs list.")]

_TASKS = Columns(
    everything=(
        "id", "task", "state", "attempts", "due_at", "fault", "progress", "args", "created_by", "created_at",
        "settled_at",
    ),
    of_table=("created_at", "task", "state", "attempts", "due_at", "progress", "created_by", "fault", "id"),
    by_importance=("id", "task", "state", "attempts", "due_at", "progress", "created_at", "created_by", "fault"),
)  # fmt: skip


@jobs.command("list")
def list_jobs(
    *,
    context: typer.Context,
    state: Annotated[
        State | None, typer.Option("--state", help="Only this state. Without it: those that are not settled.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Only this task, such as retain.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are done or discarded too.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=MOST_ROWS, help="At most this many, newest first.")
    ] = None,
    wide: Wide = False,
    as_json: AsJson = False,
) -> None:
    """List the tasks that wait, run or are dead, newest first."""
    states = (state.value,) if state else STATES if everything else UNSETTLED
    with open_ledger(context) as connection:
        _check_name(connection, task)
        rows = list_tasks(connection, states=states, name=task, limit=limit, now=datetime.now(UTC))
    if as_json:
        print_json_rows(rows, _TASKS.everything, UTC)
    else:
        print_row_table(rows, _TASKS, UTC, wide=wide)


def _check_name(connection: LedgerConnection, task: str | None) -> None:
    """Refuse a task that does not exist. One of another release, which has rows, can be listed."""
    if task is None or task in TASK_NAMES:
        return
    if not list_tasks(connection, states=STATES, name=task, limit=1, now=datetime.now(UTC)):
        raise typer.BadParameter(f"--task must be one of {', '.join(TASK_NAMES)}")


@jobs.command("retry")
def retry_jobs(context: typer.Context, ids: Ids, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Try tasks again at once, which are dead or wait, with all their attempts."""
    _change(context, ids, retry_tasks, as_user, as_json=as_json)


@jobs.command("discard")
def discard_jobs(context: typer.Context, ids: Ids, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Discard tasks. One that runs ends at its next step, and what it has committed stays."""
    _change(context, ids, discard_tasks, as_user, as_json=as_json)


def _change(
    context: typer.Context,
    ids: Sequence[str],
    change: Callable[[LedgerConnection, Sequence[str], datetime], None],
    as_user: str | None,
    *,
    as_json: bool,
) -> None:
    retries = change is retry_tasks
    result, action = ("due now", "job.retry") if retries else ("discarded", "job.discard")
    chosen = list(dict.fromkeys(map(read_receipt, ids)))
    with open_ledger(context) as connection, recorded(connection, as_user, action, "tasks", ids=chosen):
        change(connection, chosen, datetime.now(UTC))
    if as_json:
        print_json({"ids": chosen, "result": result})
    else:
        print(f"{count(len(chosen), 'task')} {result}")
