"""Approval rules as a file: `apply` stores them by version, refuses those that no one can satisfy, and exports them."""

import getpass
import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.policy.approval_store import ApprovalRules, read_approval_rules
from tests.integration.configured import actions
from tests.parts.cli import CommandLine
from tests.parts.documents import ROOT

BOOKS = '[finance]\nbase_currency = "USD"\n'
OVER_100 = """
[[approval_rules]]
slug = "over-100"
on = "line"
over = { USD = "100.00" }
steps = ["manager"]
remind_after = "2d"
"""
A_DAY = """
[[approval_rules]]
slug = "a-day"
on = "payee_day"
over = { USD = "1000" }
steps = ["manager", "director"]
"""


@pytest.fixture
def people(cli: CommandLine) -> CommandLine:
    """An instance with a manager and a director."""
    cli("user", "add", "mia", "--role", "manager")
    cli("user", "add", "dan", "--role", "director")
    return cli


def query(cli: CommandLine, statement: str) -> list[tuple[Any, ...]]:
    """Run a query."""
    with psycopg.connect(cli.environment["DATABASE_URL"], autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def read_rules(cli: CommandLine) -> ApprovalRules:
    """The rules in force."""
    with psycopg.connect(cli.environment["DATABASE_URL"], autocommit=True) as connection:
        return read_approval_rules(connection)


def write(cli: CommandLine, *tables: str) -> str:
    """Write a file."""
    return cli.write("rules.toml", "".join([BOOKS, *tables]))


def test_rules_are_stored_by_version(people: CommandLine) -> None:
    cli = people
    cli("apply", write(cli))
    before = read_rules(cli)

    created = actions(cli, write(cli, OVER_100, A_DAY))
    first = read_rules(cli)
    again = actions(cli, write(cli, OVER_100, A_DAY))
    changed = actions(cli, write(cli, A_DAY, OVER_100.replace("100.00", "200.00")))

    assert before == ApprovalRules(0, ())
    assert created == {"finance": "leave", "over-100": "create", "a-day": "create"}
    assert set(again.values()) == {"leave"}
    assert first.version == 1
    assert first.rules[0] == ApprovalRule("over-100", "line", ("manager",), {"USD": Decimal(100)}, 172800)
    assert changed == {"finance": "leave", "a-day": "change position", "over-100": "change over position"}
    assert query(cli, "SELECT version, slug FROM approval_rules ORDER BY version, position") == [
        (1, "over-100"), (1, "a-day"), (2, "a-day"), (2, "over-100"),
    ]  # fmt: skip
    assert read_rules(cli).version == 2


def test_rules_stay_until_they_are_pruned(people: CommandLine) -> None:
    cli = people
    cli("apply", write(cli, OVER_100, A_DAY))

    kept = actions(cli, write(cli, A_DAY))
    pruned = actions(cli, write(cli, A_DAY), "--prune", "--yes")
    without = read_rules(cli).rules
    emptied = actions(cli, write(cli), "--prune", "--yes")

    assert kept == {"finance": "leave", "a-day": "change position"}
    assert pruned == {"finance": "leave", "a-day": "leave", "over-100": "retire"}
    assert [rule.slug for rule in without] == ["a-day"]
    assert emptied == {"finance": "leave", "a-day": "retire"}
    assert read_rules(cli) == ApprovalRules(4, ())


def test_closed_books_have_no_rules_and_their_versions_are_not_used_again(people: CommandLine) -> None:
    cli = people
    cli("apply", write(cli, OVER_100))

    cli("apply", cli.write("empty.toml", ""), "--prune", "--yes")
    closed = read_rules(cli)
    cli("apply", write(cli, OVER_100))

    assert closed == ApprovalRules(0, ())
    assert read_rules(cli).version == 2


def test_what_is_exported_changes_nothing(people: CommandLine) -> None:
    cli = people
    cli("apply", cli.write("rules.toml", BOOKS + 'rule_cooling = "36h"\n' + OVER_100 + A_DAY))

    exported = cli("export").out

    assert 'rule_cooling = "36h"' in exported
    assert set(actions(cli, cli.write("exported.toml", exported), "--prune").values()) == {"leave"}


def test_each_change_of_a_rule_is_recorded_with_its_actor(people: CommandLine) -> None:
    cli = people
    cli("user", "add", "ada", "--role", "admin")

    cli("apply", write(cli, OVER_100), "--as", "ada")

    history = cli("policy", "history", "--json").facts
    row = next(row for row in history if row["subject"] == "approval_rule")
    assert (row["slug"], row["action"], row["actor"]) == ("over-100", "create", "ada")
    assert row["settings"]["over"] == {"USD": "100.00"}


def test_a_rule_that_no_one_can_satisfy_is_refused_with_the_missing_user(cli: CommandLine) -> None:
    cli("user", "add", "mia", "--role", "manager")

    refused = cli("apply", write(cli, OVER_100, A_DAY), "--dry-run")

    assert refused.code != 0
    assert (
        "rules.toml:15: approval_rules[a-day].steps: no enabled user is director;"
        " run: postledger user add LOGIN --role director"
    ) in refused.err
    assert "over-100" not in refused.err


def test_the_example_needs_a_manager_and_a_director(people: CommandLine) -> None:
    cli = people
    cli("apply", write(cli))

    told = cli("apply", str(ROOT / "examples/approval.toml"))

    assert told.code == 0
    assert "warning" not in told.err
    assert [rule.on for rule in read_rules(cli).rules] == ["line", "payee_day", "bill", "payee_change"]


def test_a_disabled_user_satisfies_no_rule(people: CommandLine) -> None:
    cli = people
    cli("user", "disable", "mia")

    refused = cli("apply", write(cli, OVER_100))

    assert "no enabled user is manager; run: postledger user add LOGIN --role manager" in refused.err
    assert query(cli, "SELECT * FROM approval_rules") == []


def test_doctor_names_the_user_that_is_missing_later(people: CommandLine) -> None:
    cli = people
    none = read_check(cli)
    cli("apply", write(cli, OVER_100, A_DAY))
    both = read_check(cli)

    cli("user", "disable", "dan")
    missing = read_check(cli)

    assert none == (True, "none", None)
    assert both == (True, "people can decide by each of 2 rules", None)
    assert missing == (
        False,
        "approval_rules[a-day]: no enabled user is director",
        "what it asks about waits for ever; run: postledger user add LOGIN --role director",
    )


def read_check(cli: CommandLine) -> tuple[bool, str, str | None]:
    """What doctor finds about approval rules."""
    (check,) = [each for each in json.loads(cli("doctor", "--json").out) if each["check"] == "approval rules"]
    return check["ok"], check["seen"], check["advice"]


def test_a_manager_who_is_the_only_creator_is_refused(cli: CommandLine) -> None:
    """Scenario 13: the rule has one manager, and no one else can create anything."""
    cli("user", "add", "mia", "--role", "manager", "--os-user", getpass.getuser())

    refused = cli("apply", write(cli, OVER_100))
    cli("user", "add", "max", "--role", "manager")
    accepted = cli("apply", write(cli, OVER_100))

    assert refused.code != 0
    assert "only mia could decide" in refused.err
    assert "postledger user add LOGIN --role manager" in refused.err
    assert accepted.code == 0
