"""What keeps a month from being locked is named, with the command to run."""

import re
from contextlib import closing
from datetime import date
from typing import Any

import pytest

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.runs import begin_run
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, RULE, configure
from tests.parts.month import NOW, MonthRows
from tests.parts.periods import Months

LOCK_BELOW = FINANCE.replace('base_currency = "USD"', 'base_currency = "USD"\nlock_below = "1.00"') + RULE
EXPECTED = """
[[report_formats]]
slug = "acme-csv"
source = "acme"
kind = "csv"
columns = { transaction_id = "Order", amount = "Commission", currency = "Cur", time = "Date" }
expected_by_day = 5
"""


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Books whose October is closing."""
    months = Months(cli, database)
    assert months("close").code == 0
    return months


@pytest.fixture
def rows(months: Months) -> MonthRows:
    """The rows of its ledger."""
    return MonthRows(months.url)


@pytest.fixture
def acme(months: Months) -> int:
    """The id of the source acme."""
    return int(fetch(months.url, "SELECT id FROM sources WHERE slug = 'acme'")[0][0])


def blockers(months: Months) -> list[tuple[str, str]]:
    """The kinds and the commands of what keeps October from being locked; `lock` says the same."""
    shown = months.show()["blockers"]
    refused = months("lock")
    assert (refused.code == 0) == (not shown)
    assert all(f"{each['problem']}; run: {each['command']}" in refused.err for each in shown)
    return [(each["kind"], each["command"]) for each in shown]


def test_open_items_keep_a_month_from_being_locked(months: Months, rows: MonthRows, acme: int) -> None:
    for state in ("open", "assigned", "disputed", "resolved", "accepted", "gone"):
        rows.add_item("amount_differs", "2.00", source_id=acme, state=state)
    rows.add_item("unapplied", "3.00", account="main")

    assert blockers(months) == [
        ("open_items", "postledger discrepancies list --period 2026-10 --class unapplied --account main"),
        ("open_items", "postledger discrepancies list --period 2026-10 --class amount_differs --source acme"),
    ]
    assert "2 amount_differs items of acme with 4.00 USD at stake: 1, 2" in months("lock").err


def test_settled_and_disputed_items_do_not(months: Months, rows: MonthRows, acme: int) -> None:
    for state in ("disputed", "resolved", "accepted", "gone"):
        rows.add_item("amount_differs", "2.00", source_id=acme, state=state)

    assert blockers(months) == []


def test_items_up_to_lock_below_in_the_base_currency_do_not(months: Months, rows: MonthRows, acme: int) -> None:
    """A euro is two dollars, and the francs have no rate."""
    configure(months.cli, LOCK_BELOW)
    fetch(months.url, "INSERT INTO rates VALUES ('EUR', 'USD', '2026-10-30', 2, 'ecb', now()) RETURNING 1")
    for stake in ("1.00 USD", "1.01 USD", "1.00 EUR", "0.50 EUR", "0.01 CHF", "0 CHF"):
        amount, currency = stake.split()
        rows.add_item("amount_differs", amount, source_id=acme, currency=currency)

    problems = [each["problem"] for each in months.show()["blockers"]]

    assert [re.findall("[0-9.]+ [A-Z]{3}", problem) for problem in problems] == [
        ["0.01 CHF"],
        ["1.00 EUR"],
        ["1.01 USD"],
    ]


def test_items_of_another_month_do_not(months: Months, rows: MonthRows, acme: int) -> None:
    rows.add_item("amount_differs", "2.00", source_id=acme, period=date(2026, 9, 1))

    assert blockers(months) == []


def test_a_report_that_is_expected_must_be_there(months: Months, rows: MonthRows, acme: int) -> None:
    configure(months.cli, FINANCE, RULE, EXPECTED)
    missing = blockers(months)
    rows.add_report(acme, replaced_at=NOW)
    still_missing = blockers(months)
    rows.add_report(acme)
    rows.add_run("report", source_id=acme)

    assert missing == still_missing == [("missing_statement", "postledger statement import FILE --period 2026-10")]
    assert blockers(months) == []


def test_a_report_must_be_reconciled_after_its_import(months: Months, rows: MonthRows, acme: int) -> None:
    rows.add_run("report", source_id=acme, started_at=date(2026, 11, 2))
    rows.add_report(acme)
    rows.add_run("report", source_id=acme, state="failed")
    command = "postledger reconcile --period 2026-10 --source acme"

    assert blockers(months) == [("not_reconciled", command)]
    rows.add_run("report", source_id=acme, state="running", ended_at=None)
    assert blockers(months) == [("not_reconciled", command)], "it has no lock, so it has died"
    with closing(connect(months.url, name="test", statement_timeout_ms=60_000)) as other:
        begin_run(other, "report", acme, date(2026, 10, 1), as_of=NOW, actor="anna", now=NOW)
        assert blockers(months) == [("running", command), ("not_reconciled", command)]


def expect(months: Months, rows: MonthRows, **statement: Any) -> None:
    """Expect a statement each day of the account main, and have one of October, reconciled."""
    rows.add_account("main")
    fetch(months.url, 'UPDATE bank_accounts SET settings = settings || \'{"expected": "daily"}\' RETURNING 1')
    rows.add_bank_statement("main", **statement)
    rows.add_run("bank", account="main")


def test_a_bank_account_with_a_proven_month_is_complete(months: Months, rows: MonthRows) -> None:
    expect(months, rows)

    assert blockers(months) == []


@pytest.mark.parametrize("proof", ["unproven", "no_balances"])
def test_a_bank_statement_that_is_not_proven_is_named(months: Months, rows: MonthRows, proof: str) -> None:
    expect(months, rows, proof=proof)

    [(kind, command)] = blockers(months)

    assert (kind, command[:-8]) == ("unproven_statement", "postledger statement show ")
    assert months.cli(*command.split()[1:]).code == 0


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"opening": "0", "closing": "-10.00"}, "the lines of main in 2026-10 and its balances differ by 10.00 EUR"),
        ({"proof": "unproven", "proof_difference": "-10.00"}, "not proven by its balances: they differ by 10.00 EUR"),
    ],
)
def test_a_month_with_other_lines_than_its_balances_is_named(
    months: Months, rows: MonthRows, fields: dict[str, str], problem: str
) -> None:
    expect(months, rows, **fields)

    assert [kind for kind, _ in blockers(months)] == ["unproven_statement"]
    assert problem in months("lock").err


def test_a_month_whose_days_have_no_balances_is_named(months: Months, rows: MonthRows) -> None:
    """The notification is proven by the statement of November, and the report of October does not have that."""
    expect(months, rows, until=date(2026, 10, 30))
    rows.add_bank_statement("main", since=date(2026, 10, 31), proof="no_balances")
    rows.add_bank_statement("main", since=date(2026, 11, 1), until=date(2026, 11, 2))

    assert [kind for kind, _ in blockers(months)] == ["unproven_statement"]
    assert '"proof": "no_balances"' in months.cli("period", "report", "2026-10", "--json").out


def test_a_bank_account_whose_statements_end_early_is_named(months: Months, rows: MonthRows) -> None:
    expect(months, rows, until=date(2026, 10, 20))

    assert blockers(months) == [("missing_statement", "postledger statement import FILE")]
    assert "the statements of main end on 2026-10-20" in months("lock").err


def test_an_account_without_expected_needs_no_statement(months: Months, rows: MonthRows) -> None:
    rows.add_account("main")

    assert blockers(months) == []


def test_an_account_with_statements_is_reconciled_until_it_is_retired(months: Months, rows: MonthRows) -> None:
    rows.add_account("main")
    rows.add_bank_statement("main")
    waiting = months.show()["blockers"]
    fetch(months.url, "UPDATE bank_accounts SET removed_at = now() RETURNING 1")

    assert [each["command"] for each in waiting] == ["postledger reconcile --period 2026-10 --account main"]
    assert blockers(months) == []


def test_amounts_of_blockers_have_the_digits_of_their_currency(months: Months, rows: MonthRows, acme: int) -> None:
    rows.add_item("amount_differs", "491.0", source_id=acme)
    rows.add_item("amount_differs", "70", source_id=acme, currency="JPY")

    said = " ".join(each["problem"] for each in months.show()["blockers"])

    assert "with 491.00 USD at stake" in said
    assert "with 70 JPY at stake" in said


def test_late_items_are_told_apart_by_class(months: Months, rows: MonthRows, acme: int) -> None:
    for late in ("restated", "status_differs"):
        rows.add_item("after_lock", "64.25", source_id=acme, facts={"class": late})

    said = [each["problem"].partition(" at stake")[0] for each in months.show()["blockers"]]

    assert said == [
        "1 after_lock (restated) item of acme with 64.25 USD",
        "1 after_lock (status_differs) item of acme with 64.25 USD",
    ]
