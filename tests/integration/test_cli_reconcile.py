"""`reconcile` prints what each class has, and leaves work items."""

import csv
import io

import pytest

from tests.integration.test_cli_statements import HEADER, ROWS, SOURCE
from tests.parts.cli import CommandLine
from tests.unit.policy.test_report_config import ACME


@pytest.fixture
def acme(cli: CommandLine) -> CommandLine:
    """A ledger without conversions, and acme's report of October."""
    assert cli("apply", cli.write("acme.toml", f'{SOURCE}\n[[report_formats]]\n{ACME}delimiter = ";"\n')).code == 0
    assert cli("statement", "import", cli.write("october.csv", HEADER + ROWS)).code == 0
    return cli


def test_a_run_prints_classes_and_leaves_work_items(acme: CommandLine) -> None:
    ran = acme("reconcile", "--period", "2026-10", "--source", "acme", "--json")
    again = acme("reconcile", "--period", "2026-10")
    as_csv = acme("reconcile", "--period", "2026-10", "--csv").out
    items = acme("discrepancies", "list", "--period", "2026-10", "--json").facts

    (run,) = ran.facts
    assert (ran.code, run["kind"], run["name"], run["period"]) == (0, "report", "acme", "2026-10")
    assert [(each["class"], each["number"], each["stake"], each["network"]) for each in run["classes"]] == [
        ("missing_in_ledger", 2, "1239.5", "1229.5")
    ]
    assert (again.code, again.out.split()[:3]) == (0, ["name", "class", "currency"])
    assert {"1239.50", "1229.50", "0.00"} <= set(again.out.split())
    assert "postledger discrepancies list --period 2026-10" in again.err
    assert [row["class"] for row in csv.DictReader(io.StringIO(as_csv))] == ["missing_in_ledger"]
    assert [each["class"] for each in items] == ["missing_in_ledger"] * 2


def test_a_run_writes_the_report_of_the_month_as_a_page(acme: CommandLine) -> None:
    ran = acme("reconcile", "--period", "2026-10", "--html", "october.html")

    page = (acme.directory / "october.html").read_text("utf-8")
    assert ran.code == 0
    assert "2 work items (1 239.50 USD) wait for a decision." in page.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--period", "2026-09"),
            "2026-09 has no report of a network, and no bank account is configured; run: postledger statement import",
        ),
        (
            ("--period", "2026-09", "--source", "acme"),
            "acme has no report of 2026-09; run: postledger statement import",
        ),
        (("--period", "2026-10", "--source", "acm"), "source acm does not exist; run: postledger source list"),
        (("--period", "October"), "--period is not a month; write one such as 2026-10"),
        (("--period", "2026-10", "--as-of", "2126-01-01"), "--as-of is in the future"),
    ],
)
def test_what_cannot_be_reconciled_is_one_line(acme: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    ran = acme("reconcile", *arguments)

    assert ran.code == 1
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1
