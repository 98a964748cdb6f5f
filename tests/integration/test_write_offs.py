"""A write-off above the threshold of an approval rule needs an approver, who has not imported the statement."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.month import MonthRows
from tests.parts.sources import add_source
from tests.parts.waiting_requests import write_rule
from tests.parts.work_items import write_item


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def people(cli: CommandLine, database: str, master_key: str) -> CommandLine:
    add_source(database, master_key, "acme")
    for login, role in (("ole", "operator"), ("mia", "manager"), ("dan", "director"), ("deb", "operator")):
        assert cli("user", "add", login, "--role", role).code == 0
    return cli


def accept(cli: CommandLine, login: str | None, *items: int) -> tuple[int, str]:
    """The exit code, and what is printed."""
    options = () if login is None else ("--as", login)
    ran = cli("discrepancies", "accept", *map(str, items), "--reason", "not worth it", *options)
    return ran.code, ran.out + ran.err


def test_without_rules_every_operator_writes_off(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger, "5000")

    assert accept(people, "ole", item) == (0, f"{item}: accepted\n")


def test_up_to_the_threshold_every_operator_writes_off(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager"])
    item = write_item(ledger, "100.00")

    assert accept(people, "ole", item)[0] == 0


def test_above_the_threshold_a_manager_writes_off(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager"])
    item = write_item(ledger, "100.01")

    code, told = accept(people, "ole", item)
    ran = accept(people, "mia", item)

    need = "to write off 100.01 USD, the rule over-100 needs the role manager"
    assert (code, told) == (1, f"postledger: not_your_step: {need}; ole lacks it (work item {item})\n")
    assert ran[0] == 0
    (entry,) = people("audit", "list", "--action", "discrepancy.accept", "--json").facts
    assert (entry["actor"], entry["body"]["rule"], entry["body"]["role"]) == ("mia", "over-100", "manager")


def test_a_chain_asks_for_the_role_of_its_last_step(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager", "director"])
    item = write_item(ledger, "150")

    assert accept(people, "mia", item)[0] == 1
    assert accept(people, "dan", item)[0] == 0


def test_money_without_threshold_and_rate_needs_an_approver(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager"])
    item = write_item(ledger, "1", currency="JPY")

    assert "needs the role manager" in accept(people, "ole", item)[1]


def test_the_importer_writes_off_nothing_of_the_statement(
    ledger: Connection[Any], people: CommandLine, database: str
) -> None:
    write_rule(ledger, "over-100", ["manager"])
    item = write_item(ledger, "150", statement_id=MonthRows(database).add_report(1, imported_by="mia"))

    code, told = accept(people, "mia", item)

    assert (code, "four_eyes: mia caused it; another person decides" in told) == (1, True)


def test_a_delegate_writes_off_for_a_manager(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager"])
    item = write_item(ledger, "150")
    delegated = people("user", "delegate", "mia", "--to", "deb", "--until", "2099-01-01", "--as", "mia")
    assert delegated.code == 0, delegated.err

    assert accept(people, "deb", item)[0] == 0
    (entry,) = people("audit", "list", "--action", "discrepancy.accept", "--json").facts
    assert (entry["actor"], entry["body"]["for"]) == ("deb", "mia")


def test_who_is_no_user_is_asked_for_one(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager"])
    item = write_item(ledger, "150")

    assert accept(people, None, item)[1].endswith("say who accepts it with --as LOGIN\n")


def test_one_write_off_too_high_refuses_all(ledger: Connection[Any], people: CommandLine) -> None:
    write_rule(ledger, "over-100", ["manager"])
    low, high = write_item(ledger, "1"), write_item(ledger, "150")

    assert accept(people, "ole", low, high)[0] == 1
    assert [row["state"] for row in people("discrepancies", "list", "--json").facts] == ["open", "open"]
