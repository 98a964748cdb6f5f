"""A month whose bank lines are not what its balances allow is not locked, and everything says by how much."""

from typing import Any

import pytest

from tests.parts.cli import CommandLine
from tests.parts.mapping import FINANCE, RULE, configure
from tests.parts.periods import Months

ACCOUNT = """
[[bank_accounts]]
slug = "csvb"
account_env = "NUMBER"
currency = "EUR"
expected = "monthly"
[bank_accounts.csv]
columns = { date = "Date", amount = "Amount", balance = "Balance", text = "Text" }
"""
HEAD = "Date,Amount,Balance,Text\n"
B1 = "2026-10-01,-234.56,9765.44,rent\n2026-10-02,-10.00,9755.44,coffee\n2026-10-02,-10.00,9745.44,coffee\n"
B2 = (
    "2026-10-02,-10.00,9755.44,coffee\n2026-10-02,-10.00,9745.44,coffee\n2026-10-03,0.00,9745.44,info\n"
    "2026-10-04,-5.00,9740.44,tea\n"
)
B3 = "".join(f"2026-10-02,-10.00,{balance},coffee\n" for balance in ("9755.44", "9745.44", "9735.44"))
B4 = "2026-10-05,-1.00,9739.44,bus\n2026-10-30,1.00,9740.44,refund\n"


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Books with an account that gives tables, and two statements of October that overlap."""
    months = Months(cli, database)
    cli.environment |= {"NUMBER": "12345-678"}
    configure(cli, FINANCE, RULE, ACCOUNT)
    for rows in (B1, B2):
        assert take(cli, rows)["proof"] == "proven"
    return months


def take(cli: CommandLine, rows: str) -> Any:
    """Import a table, and return what came of its statement."""
    ran = cli("statement", "import", cli.write(f"{len(rows)}.csv", HEAD + rows), "--account", "csvb", "--json")
    (statement,) = ran.facts["statements"]
    return statement


def test_a_third_twin_keeps_the_month_from_being_locked(months: Months) -> None:
    cli, problem = months.cli, "is not proven by its balances: they differ by 10.00 EUR"

    bad = take(cli, B3)
    assert (bad["lines"], bad["known"], bad["proof"], bad["proof_difference"]) == (1, 2, "unproven", "-10.00")
    assert take(cli, B4)["proof"] == "proven"
    assert cli("reconcile", "--period", "2026-10", "--account", "csvb").code == 0

    items = cli("discrepancies", "list", "--class", "unproven", "--json").facts
    assert [(item["stake"], item["currency"], item["statement_id"]) for item in items] == [("10.00", "EUR", bad["id"])]
    lines = cli("discrepancies", "list", "--class", "unexplained_line", "--json").facts
    assert {item["subject"] for item in lines} >= {f"line {item['line_no']}" for item in lines} != set()
    closed, locked = months("close"), months("lock")
    assert problem in closed.out + closed.err
    assert locked.code != 0
    assert problem in locked.err
    report = cli("period", "report", "2026-10")
    assert "Bank account csvb: not proven, its lines and balances differ by 10.00\N{NO-BREAK SPACE}EUR." in report.out


def test_a_third_twin_in_a_file_of_the_same_days_is_not_proven(months: Months) -> None:
    """The table with three twins is the bigger one, comes second, and adds up by itself."""
    cli, twin = months.cli, "2026-10-10,-5.00,{:.2f},twin\n"
    two, three = ("".join(twin.format(9740.44 - 5 * nth) for nth in range(1, twins + 1)) for twins in (2, 3))

    good = take(cli, f"{two}2026-10-11,-7.50,9722.94,x\n2026-10-12,-1.00,9721.94,x\n")
    bad = take(cli, f"{three}2026-10-11,-7.50,9717.94,x\n2026-10-12,-1.00,9716.94,x\n")

    assert (good["proof"], good["gap"]) == ("proven", None)
    assert (bad["lines"], bad["known"], bad["proof"], bad["proof_difference"]) == (1, 4, "unproven", "-5.00")
    assert cli("reconcile", "--period", "2026-10", "--account", "csvb").code == 0
    items = cli("discrepancies", "list", "--class", "unproven", "--json").facts
    assert [(item["stake"], item["statement_id"]) for item in items] == [("5.00", bad["id"])]


def test_without_the_third_twin_the_month_is_proven(months: Months) -> None:
    bad = take(months.cli, B3)
    assert months.cli("statement", "forget", bad["id"]).code == 0
    take(months.cli, B4)
    months.cli("reconcile", "--period", "2026-10", "--account", "csvb")

    months("close")

    assert [each["kind"] for each in months.show()["blockers"]] == ["open_items"]  # the lines pay no bill
    assert months.cli("finance", "check").code == 0
