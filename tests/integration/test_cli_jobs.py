"""`postledger jobs`: tasks are listed, tried again and discarded."""

from datetime import UTC, datetime, timedelta

import pytest

from postledger.platform.postgres.connection import connect
from postledger.platform.tasks import queue
from tests.parts.cli import CommandLine
from tests.parts.entries import new_receipt

NOW = datetime.now(UTC)


@pytest.fixture
def tasks(database: str) -> dict[str, str]:
    """A task in each state: the id of each."""
    ids: dict[str, str] = {}
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        for age, state in enumerate(("waiting", "dead", "discarded", "done", "running")):
            now = NOW - timedelta(seconds=age)
            task_id = queue.enqueue(ledger, f"{state}-task", {"day": "2026-11-29"}, actor="ann", now=now)
            assert task_id is not None
            ids[state] = task_id
            ledger.execute(
                "UPDATE tasks SET state = %s, leased_until = %s, attempts = 3 WHERE id = %s",
                (
                    "waiting" if state == "running" else state,
                    NOW + timedelta(hours=1) if state == "running" else None,
                    task_id,
                ),
            )
    return ids


def states(cli: CommandLine) -> dict[str, str]:
    return {row["id"]: row["state"] for row in cli("jobs", "list", "--all", "--json").facts}


def test_unsettled_tasks_are_listed_newest_first(cli: CommandLine, tasks: dict[str, str]) -> None:
    listed = cli("jobs", "list", "--json").facts

    assert [row["state"] for row in listed] == ["waiting", "dead", "running"]
    assert [row["id"] for row in cli("jobs", "list", "--state", "done", "--json").facts] == [tasks["done"]]
    assert [row["state"] for row in cli("jobs", "list", "--task", "dead-task", "--json").facts] == ["dead"]
    assert len(states(cli)) == 5
    assert set(listed[0]) == {
        "id", "task", "state", "attempts", "due_at", "fault", "progress", "args", "created_by", "created_at",
        "settled_at",
    }  # fmt: skip
    assert tasks["dead"] in cli("jobs", "list").out


def test_a_dead_task_is_tried_again_with_all_its_attempts(cli: CommandLine, tasks: dict[str, str]) -> None:
    ran = cli("jobs", "retry", tasks["dead"], f" {tasks['waiting'].upper()}")

    assert ran.out == "2 tasks due now\n"
    rows = {row["id"]: row for row in cli("jobs", "list", "--state", "waiting", "--json").facts}
    assert rows.keys() == {tasks["dead"], tasks["waiting"]}
    assert {row["attempts"] for row in rows.values()} == {0}


def test_a_task_is_discarded(cli: CommandLine, tasks: dict[str, str]) -> None:
    chosen = [tasks["waiting"], tasks["running"], tasks["dead"]]

    assert cli("jobs", "discard", *chosen, "--json").facts == {"ids": chosen, "result": "discarded"}
    assert {states(cli)[task_id] for task_id in chosen} == {"discarded"}


@pytest.mark.parametrize(
    ("command", "state", "message"),
    [
        ("retry", "done", "only one that waits or is dead can be retried; nothing was changed"),
        ("retry", "running", "only one that waits or is dead can be retried; nothing was changed"),
        ("discard", "done", "it cannot be discarded any more; nothing was changed"),
    ],
)
def test_what_cannot_be_changed_changes_nothing(
    cli: CommandLine, tasks: dict[str, str], command: str, state: str, message: str
) -> None:
    before = states(cli)

    ran = cli("jobs", command, tasks["dead"], tasks[state])

    assert (ran.code, ran.err) == (1, f"postledger: task {tasks[state]} is {state}; {message}\n")
    assert states(cli) == before


def test_an_unknown_task_is_named(cli: CommandLine, tasks: dict[str, str]) -> None:
    unknown = new_receipt()

    assert f"there is no task {unknown}; nothing was changed" in cli("jobs", "retry", tasks["dead"], unknown).err
    assert "nonsense is not the id of a task" in cli("jobs", "discard", "nonsense").err
    assert states(cli)[tasks["dead"]] == "dead"


def test_an_unknown_name_of_a_task_is_refused(cli: CommandLine) -> None:
    unknown = cli("jobs", "list", "--task", "foo")

    names = "partitions, retain, check_books, rates, audit, remind, reconcile, first_rules"
    told = f"postledger: --task must be one of {names} (see --help)\n"
    assert (unknown.code, unknown.err) == (2, told)
    assert cli("jobs", "list", "--task", "retain", "--json").facts == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("jobs", "list", "--limit", "0"), "--limit must be at least 1"),
        (("jobs", "list", "--limit", "99999999"), "--limit must be at most 1000000"),
        (("jobs", "list", "--state", "x"), "--state must be one of 'waiting', 'running', 'dead', 'done', 'discarded'"),
        (("forwards", "backfill", "a", "--since", "1d", "--rate", "0"), "--rate must be at least 1"),
        (("forwards", "backfill", "a", "--since", "1d", "--rate", "x"), "--rate must be a whole number"),
        (("expenses", "backfill", "--since", "1d", "--rate", "1.5"), "--rate must be a whole number"),
    ],
)
def test_a_bad_value_is_told_in_plain_words(cli: CommandLine, arguments: tuple[str, ...], told: str) -> None:
    ran = cli(*arguments)

    assert (ran.code, ran.err) == (2, f"postledger: {told} (see --help)\n")


def test_a_dead_task_that_was_put_in_again_is_not_doubled(cli: CommandLine, database: str) -> None:
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        dead = queue.enqueue(ledger, "retain", {}, actor="schedule", now=NOW, unique_key="schedule:retain")
        ledger.execute("UPDATE tasks SET state = 'dead'")
        queue.enqueue(ledger, "retain", {}, actor="schedule", now=NOW, unique_key="schedule:retain")

    assert dead is not None
    assert "the same task waits already" in cli("jobs", "retry", dead).err
