"""`finance check` finds statements and work items that are not right, and nothing in those that are."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from postledger.reconciliation.invariants import INVARIANTS
from tests.parts.cli import CommandLine
from tests.parts.entries import new_receipt
from tests.parts.mapping import FINANCE, configure
from tests.parts.month_end_rows import add_item, add_line, add_statement

NOW = datetime(2026, 11, 12, 12, tzinfo=UTC)
Ledger = psycopg.Connection[Any]


@pytest.fixture
def ledger(cli: CommandLine, database: str) -> Iterator[Ledger]:
    """A ledger with books."""
    configure(cli, FINANCE)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def check(cli: CommandLine) -> dict[str, list[dict[str, Any]]]:
    found = json.loads(cli("finance", "check", "--json").out)
    assert set(found) == set(INVARIANTS)
    return {name: broken for name, broken in found.items() if broken}


def add_proven(ledger: Ledger, until: date, opening: str, *amounts: str, closing: str, **more: Any) -> str:
    """Add a bank statement that counts as proven."""
    statement = add_statement(ledger, NOW, account="main", until=until, proof="proven", **more)
    ledger.execute(
        "UPDATE statements SET opening = %s, closing = %s, currency = 'EUR', imported_at = %s WHERE id = %s",
        (opening, closing, until, statement),
    )
    for line_no, amount in enumerate(amounts, 1):
        add_line(ledger, statement, line_no, Decimal(amount))
    return statement


def test_statements_that_add_up_are_in_order(ledger: Ledger, cli: CommandLine) -> None:
    september = add_proven(ledger, date(2026, 9, 30), "10.00", "5.00", "-3.50", closing="11.50")
    within = add_proven(ledger, date(2026, 9, 30), "12.00", closing="8.50")  # a file whose lines were all on record
    ledger.execute("UPDATE statements SET known = 2, follows = %s WHERE id = %s", (september, within))
    add_line(ledger, september, 3, Decimal(100), pending=True)

    assert check(cli) == {}


@pytest.mark.parametrize(
    "fault",
    [
        "DELETE FROM statement_lines WHERE line_no = 1",
        "UPDATE statement_lines SET amount = 5.01 WHERE line_no = 1",
        "UPDATE statement_lines SET pending = true WHERE line_no = 1",
        "UPDATE statements SET closing = 11.49",
        "UPDATE statements SET opening = -10",
    ],
)
def test_a_proven_statement_that_was_altered_is_named(ledger: Ledger, cli: CommandLine, fault: str) -> None:
    statement = add_proven(ledger, date(2026, 9, 30), "10.00", "5.00", "-3.50", closing="11.50")

    ledger.execute(fault.encode())

    ran = cli("finance", "check")
    assert [each["statement"] for each in check(cli)["proven_statements_add_up"]] == [statement]
    assert ran.code != 0
    assert f"statement {statement}: it counts as proven" in ran.out


def test_an_item_whose_facts_are_on_record_is_in_order(ledger: Ledger, cli: CommandLine) -> None:
    report = add_statement(ledger, NOW, source_id=1)
    add_line(ledger, report, 7, Decimal(5))
    add_item(ledger, NOW)
    ledger.execute("UPDATE discrepancies SET statement_id = %s, line_no = 7", (report,))

    assert check(cli) == {}


@pytest.mark.parametrize(
    ("fault", "missing"),
    [
        ("facts = '{}'", "reason"),
        ("dedup_key = gen_random_uuid()", "conversion"),
        ("line_no = 8", "line of a statement"),
        ("bill_id = gen_random_uuid()", "bill"),
        ("receivable_id = gen_random_uuid()", "receivable"),
    ],
)
def test_an_item_without_its_facts_is_named(ledger: Ledger, cli: CommandLine, fault: str, missing: str) -> None:
    report = add_statement(ledger, NOW, source_id=1)
    add_line(ledger, report, 7, Decimal(5))
    add_item(ledger, NOW)
    ledger.execute("UPDATE discrepancies SET statement_id = %s, line_no = 7", (report,))

    ledger.execute(f"UPDATE discrepancies SET {fault}".encode())

    assert [each["why"] for each in check(cli)["work_items_have_facts"]] == [f"its {missing} is not on record"]


def test_an_item_that_is_settled_may_outlive_its_facts(ledger: Ledger, cli: CommandLine) -> None:
    add_item(ledger, NOW, state="resolved")
    add_item(ledger, NOW)
    ledger.execute("UPDATE discrepancies SET dedup_key = %s WHERE state = 'resolved'", (new_receipt(),))
    ledger.execute(
        "UPDATE discrepancies SET statement_id = %s, line_no = 7 WHERE state = 'open'", (new_receipt(),)
    )  # it was forgotten

    assert check(cli) == {}
