"""The commands of `docs/worker.md` work as printed, and its tables name what there is."""

import re
import shlex
from datetime import UTC, datetime

import pytest

from postledger.bootstrap import worker
from postledger.platform.postgres.connection import connect
from postledger.platform.tasks.queue import enqueue
from postledger.vocabulary.task_names import FIRST_RULES, TASK_NAMES
from tests.parts.cli import CommandLine
from tests.parts.documents import list_code, list_rows, read_document, read_section

DOCUMENT = read_document("docs/worker.md")
COMMANDS = re.findall(r"(?:^|`)postledger ([a-z].*?)(?:$|`)", DOCUMENT, re.MULTILINE)
JOBS = [command for command in COMMANDS if command.startswith("jobs ")]
WORKERS = [command for command in COMMANDS if command.startswith("worker")]


@pytest.mark.parametrize("command", JOBS)
def test_a_command_about_tasks_works_as_printed(cli: CommandLine, database: str, command: str) -> None:
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        task_id = enqueue(ledger, "retain", {}, actor="ann", now=datetime.now(UTC))
    assert task_id is not None

    ran = cli(*shlex.split(command.replace("ID", task_id)))

    assert (ran.code, ran.err) == (0, "")


def test_a_worker_that_is_run_once_does_all_parts_and_the_periodic_tasks(cli: CommandLine) -> None:
    assert {"worker", "worker --once", "worker --only forward"} <= set(WORKERS)
    only, once = (shlex.split(command) for command in ("worker --only tasks,map,forward", "worker --once"))

    ran = cli.process(*only, *once[1:])

    assert ran.code == 0, ran.err
    assert {name for (name, *_) in _table("Tasks")} == set(TASK_NAMES) - {FIRST_RULES}
    done = {row["task"]: row["state"] for row in cli("jobs", "list", "--all", "--json").facts}
    assert done == {name: "done" for (name, *_) in _table("Tasks")}


def test_the_table_of_parts_is_complete() -> None:
    documented = [part for part, _ in _table("The worker")[:6]]

    assert documented == ["map", "forward", "publish", "export", "notify", "tasks"]
    assert sorted(documented) == sorted(worker.PARTS)


def _table(heading: str) -> list[tuple[str, ...]]:
    rows = list_rows(read_section(DOCUMENT, heading))
    return [(list_code(name)[0], *others) for name, *others in rows]
