"""`period report`: the report of a month as a table, JSON, CSV and one page; that of a locked month never changes."""

import csv
import io
from pathlib import Path

import pytest

from postledger.reconciliation.month_page.rows import COLUMNS
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.month import MonthRows
from tests.parts.periods import Months


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Books whose October can be locked, with a bill and two work items of the source acme that are settled."""
    months = Months(cli, database)
    [(acme,)] = fetch(database, "SELECT id FROM sources WHERE slug = 'acme'")
    rows = MonthRows(database)
    rows.add_bill("PL-202610-000001", "1234.5", "1000")
    rows.add_item("amount_differs", "2.00", source_id=acme, state="resolved", resolution='=HYPERLINK("x")')
    rows.add_item("missing_at_network", "15.005", source_id=acme, state="disputed", owner="mia")
    return months


def test_a_table_says_what_is_due_paid_and_open(months: Months) -> None:
    printed = months.cli("period", "report", "2026-10").out.replace("\u202f", " ").replace("\u00a0", " ")

    assert printed.startswith(
        "2026-10 is open. Explained to the cent, except 1 work item (15.005 USD) that is disputed."
    )
    [bills] = [line.split() for line in printed.splitlines() if line.startswith("bills")]
    assert " ".join(bills) == "bills total 1 1 234.50 EUR 1 000.00 EUR 234.50 EUR"


def test_json_has_the_report_with_exact_amounts(months: Months) -> None:
    facts = months.cli("period", "report", "2026-10", "--json").facts

    assert facts["report"]["bill_totals"] == [{"currency": "EUR", "number": 1, "due": "1234.5", "settled": "1000"}]
    assert [item["stake"] for item in facts["report"]["items"]] == ["15.005", "2.00"]
    assert (facts["version"], facts["sha256"]) == (None, None)


def test_csv_has_a_row_for_each_total_bill_and_item_and_no_formula(months: Months) -> None:
    rows = list(csv.DictReader(io.StringIO(months.cli("period", "report", "2026-10", "--csv").out)))

    assert list(rows[0]) == list(COLUMNS)
    assert [row["open"] for row in rows if row["name"] == "PL-202610-000001"] == ["234.5"]
    assert [row["note"] for row in rows if row["state"] == "resolved"] == ['\'=HYPERLINK("x")']


def test_a_page_is_written_into_a_file(months: Months, tmp_path: Path) -> None:
    ran = months.cli("period", "report", "2026-10", "--html", str(tmp_path / "october.html"))

    assert ran.code == 0
    page = (tmp_path / "october.html").read_text("utf-8")
    assert "October 2026" in page
    assert "postledger evidence" in page


def test_the_report_of_a_locked_month_never_changes(months: Months, database: str) -> None:
    months.lock()
    before = [months.cli("period", "report", "2026-10", form).out for form in ("--json", "--csv", "--html=-")]
    MonthRows(database).add_bill("PL-202610-000002", "77")
    after = [months.cli("period", "report", "2026-10", form).out for form in ("--json", "--csv", "--html=-")]

    assert before == after
    assert months.show()["locks"][0]["report_sha256"] in before[2]
    assert "locked" in before[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2026-13",), "is not a month"),
        (("2026-10", "--version", "7"), "has no kept report of version 7"),
        (("2026-10", "--html", "missing/october.html"), "missing/october.html: cannot be written"),
        (("2026-10", "--json", "--csv"), "cannot be combined"),
    ],
)
def test_a_mistake_is_one_line(months: Months, arguments: tuple[str, ...], message: str) -> None:
    ran = months.cli("period", "report", *arguments)

    assert ran.code == 1
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1
