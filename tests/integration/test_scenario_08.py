"""A chargeback of a month that is locked: the month stays as it was, and the next one takes the money back."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, RULE, configure
from tests.parts.periods import Months

FORMAT = """
[[report_formats]]
slug = "acme-csv"
source = "acme"
kind = "csv"
columns = { transaction_id = "Order", amount = "Amount", currency = "Cur", status = "State", time = "Date" }
statuses = { approved = ["Sale"], reversed = ["Back"] }
expected_by_day = 5
"""
HEADER = "Order,Amount,Cur,State,Date\n"
SOLD = "T1,10.00,USD,Sale,2026-10-15\nT2,10.00,USD,Sale,2026-10-15\n"
TAKEN_BACK = SOLD.replace("T1,10.00,USD,Sale", "T1,10.00,USD,Back")
RECONCILE = ("reconcile", "--period", "2026-10", "--source", "acme", "--json")


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Two sales of October, which the network reports, and the month is locked."""
    months = Months(cli, database)
    configure(cli, FINANCE, RULE, FORMAT)
    months.book("T1", "T2", event="sale")
    import_report(months, SOLD)
    assert cli(*RECONCILE).code == 0
    months.lock()
    return months


def import_report(months: Months, rows: str) -> None:
    """Import the network's report of October."""
    ran = months.cli("statement", "import", months.cli.write("october.csv", HEADER + rows))
    assert ran.code == 0, ran.err


def items(months: Months) -> list[tuple[Any, ...]]:
    """The work items: class, state, stake, and the class that a late one would have had."""
    return fetch(
        months.url, "SELECT class, state, trim_scale(stake)::text, facts ->> 'class' FROM discrepancies ORDER BY id"
    )


def of(lines: Sequence[tuple[Any, ...]], month: str) -> list[tuple[Any, ...]]:
    return [line for line in lines if line[0] == month]


def test_scenario_08_chargeback_next_month_period_locked(months: Months) -> None:
    before, october = months.show(), of(months.lines(), "2026-10")

    months.book("T1", event="sale", status="reversed", at="2026-11-20T12:00:00Z")
    again = months.cli(*RECONCILE)

    assert again.code == 0, again.err
    assert of(months.lines(), "2026-10") == october
    assert of(months.lines(), "2026-11") == [("2026-11", "2026-10", "adjustment", "-10")]
    assert months.show() == before
    assert items(months) == [("after_lock", "open", "10", "status_differs")]


def test_a_report_that_comes_after_the_lock_changes_no_item(months: Months) -> None:
    before = months.show()

    import_report(months, TAKEN_BACK)
    runs = [months.cli(*RECONCILE) for _ in range(2)]

    assert [ran.code for ran in runs] == [0, 0]
    assert months.show() == before
    assert {row[0] for row in items(months)} == {"after_lock"}
    assert "status_differs" in {row[3] for row in items(months)}


def test_items_after_a_lock_are_settled_before_the_next_one(months: Months) -> None:
    months.book("T1", event="sale", status="reversed", at="2026-11-20T12:00:00Z")
    months.cli(*RECONCILE)
    months.unlock()

    refused = months("lock")
    [item] = months.cli("discrepancies", "list", "--json").facts
    resolved = months.cli("discrepancies", "resolve", str(item["id"]), "--reason", "taken back", "--as", "ada")

    assert "1 after_lock (status_differs) item of acme with 10.00 USD at stake" in refused.err
    assert resolved.code == 0, resolved.err
    assert months("lock").code == 0


def test_late_items_carry_on_after_an_unlock(months: Months) -> None:
    import_report(months, TAKEN_BACK)
    months.cli(*RECONCILE)
    late = sorted(item["id"] for item in months.cli("discrepancies", "list", "--json").facts)
    names = [*map(str, late)]
    months.cli("discrepancies", "assign", *names, "--to", "mia", "--as", "mia")
    months.cli("discrepancies", "dispute", *names, "--note", "asked acme", "--as", "mia")
    months.unlock()

    assert months.cli(*RECONCILE).code == 0

    listed = months.cli("discrepancies", "list", "--json").facts
    assert sorted((item["id"], item["state"], item["owner"]) for item in listed) == [
        (each, "disputed", "mia") for each in late
    ]
    assert {item["class"] for item in listed} == {"restated", "status_differs"}
    assert [
        note["note"] for note in months.cli("discrepancies", "show", names[0], "--json").facts["notes"]
    ] == [None, "to mia", "asked acme"]  # fmt: skip
    assert months("lock").code == 0


def test_a_line_that_the_network_changed_counts_once_in_the_headline(months: Months) -> None:
    months.unlock()
    import_report(months, TAKEN_BACK)
    assert months.cli(*RECONCILE).code == 0

    report = months.cli("period", "report", "2026-10").out

    assert {row[0]: row[2] for row in items(months)} == {"restated": "10", "status_differs": "10"}
    assert "2 work items (10.00 USD) wait for a decision." in report.replace("\u00a0", " ")


def test_a_trace_names_the_class_of_a_late_item(months: Months) -> None:
    months.book("T1", event="sale", status="reversed", at="2026-11-20T12:00:00Z")
    months.cli(*RECONCILE)

    assert "after_lock (status_differs)" in months.cli("trace", "T1").out
