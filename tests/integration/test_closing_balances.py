"""Statements with a closing balance only are proven, or contradicted, by the statement before."""

from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from postledger.reconciliation.bank.add_statements import ImportedStatement
from postledger.reconciliation.bank.bank_store import sql
from tests.integration.test_import_bank import connection, ledger, take, take_one
from tests.parts.bank_files import IBAN, Booking
from tests.parts.cli import CommandLine
from tests.parts.mapping import FINANCE, RULE, configure
from tests.parts.periods import Months

__all__ = ["connection", "ledger"]  # the fixtures

OFX = """OFXHEADER:100
DATA:OFXSGML

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}<BANKACCTFROM><BANKID>1<ACCTID>{number}</BANKACCTFROM>
<BANKTRANLIST><DTSTART>202610{since:02}<DTEND>202610{until:02}<STMTTRN><DTPOSTED>202610{until:02}<TRNAMT>{amount}
<FITID>F{until}<NAME>N</STMTTRN></BANKTRANLIST><LEDGERBAL><BALAMT>{closing}<DTASOF>202610{closed_on:02}</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
ACCOUNT = """
[[bank_accounts]]
slug = "ofxacc"
account_env = "NUMBER"
currency = "USD"
expected = "monthly"
"""
PROBLEM = "is not proven by its balances: they differ by 220.00 USD"


def ofx(since: int, until: int, amount: str, closing: str, **facts: Any) -> str:
    """Write a statement of some days with one line on the last of them."""
    return OFX.format(
        since=since, until=until, amount=amount, closing=closing,
        **{"currency": "EUR", "number": IBAN, "closed_on": until, **facts},
    )  # fmt: skip


def take_ofx(ledger: Connection[Any], *statement: Any, **facts: Any) -> ImportedStatement:
    """Import a statement."""
    (imported,) = take(ledger, ofx(*statement, **facts).encode(), "ofx").statements
    return imported


def proof_of(imported: ImportedStatement) -> tuple[str, Decimal | None, Decimal | None]:
    """Its proof, difference and opening balance."""
    return imported.proof, imported.proof_difference, imported.opening


def proofs_on_record(ledger: Connection[Any]) -> list[tuple[str, Decimal | None]]:
    """The proofs and opening balances of all statements, in order of their days."""
    return ledger.execute("SELECT proof, opening FROM statements ORDER BY since").fetchall()


def test_a_closing_balance_that_contradicts_the_one_before_is_unproven(ledger: Connection[Any]) -> None:
    first = take_ofx(ledger, 1, 10, "50.00", "1000.00")
    second = take_ofx(ledger, 11, 20, "7.00", "1007.00")
    third = take_ofx(ledger, 21, 30, "7.00", "1234.00")

    assert [proof_of(each) for each in (first, second, third)] == [
        ("no_balances", None, None), ("proven", None, Decimal(1000)), ("unproven", Decimal(-220), Decimal(1007))
    ]  # fmt: skip
    assert ledger.execute(sql("find_disproved_statements")).fetchall() == []


def test_the_second_closing_balance_can_contradict_the_first(ledger: Connection[Any]) -> None:
    take_ofx(ledger, 1, 10, "50.00", "1000.00")

    assert take_ofx(ledger, 11, 20, "7.00", "1234.00").proof_difference == Decimal(-227)


def test_a_closing_balance_can_contradict_a_statement_of_another_format(ledger: Connection[Any]) -> None:
    assert take_one(ledger, Booking(1, "900.00"), until=10).proof == "proven"

    assert proof_of(take_ofx(ledger, 11, 20, "7.00", "1000.00")) == ("unproven", Decimal(-93), Decimal(900))


def test_a_closing_balance_of_days_that_overlap_can_contradict(ledger: Connection[Any]) -> None:
    take_ofx(ledger, 1, 10, "50.00", "1000.00")

    assert proof_of(take_ofx(ledger, 8, 20, "7.00", "1008.00")) == ("unproven", Decimal(-1), Decimal(1000))


@pytest.mark.parametrize(
    ("statement", "facts"),
    [
        ((12, 20, "7.00", "1234.00"), {}),  # the 11th is missing
        ((11, 20, "7.00", "1234.00"), {"closed_on": 21}),  # the balance is of a day that is not in the file
    ],
)
def test_where_lines_can_be_missing_nothing_is_contradicted(
    ledger: Connection[Any], statement: tuple[Any, ...], facts: dict[str, Any]
) -> None:
    take_ofx(ledger, 1, 10, "50.00", "1000.00")

    assert proof_of(take_ofx(ledger, *statement, **facts)) == ("no_balances", None, None)


def test_a_closing_balance_across_missing_days_is_proven_if_it_fits(ledger: Connection[Any]) -> None:
    take_ofx(ledger, 1, 10, "50.00", "1000.00")

    assert proof_of(take_ofx(ledger, 15, 20, "7.00", "1007.00", closed_on=21)) == ("proven", None, Decimal(1000))


def test_a_statement_between_that_comes_later_proves_the_next_one(ledger: Connection[Any]) -> None:
    take_ofx(ledger, 21, 30, "7.00", "1014.00")
    take_ofx(ledger, 11, 20, "7.00", "1007.00")
    take_ofx(ledger, 1, 10, "50.00", "1000.00")

    assert proofs_on_record(ledger) == [("no_balances", None), ("proven", Decimal(1000)), ("proven", Decimal(1007))]


@pytest.mark.parametrize(
    ("closing", "proofs"), [("1007.00", ["proven", "proven"]), ("1008.00", ["unproven", "no_balances"])]
)
def test_a_missing_statement_that_comes_later_is_compared_with_both(
    ledger: Connection[Any], closing: str, proofs: list[str]
) -> None:
    take_ofx(ledger, 1, 10, "50.00", "1000.00")
    take_ofx(ledger, 21, 30, "7.00", "1014.00")
    take_ofx(ledger, 11, 20, "7.00", closing)

    assert [proof for proof, _ in proofs_on_record(ledger)] == ["no_balances", *proofs]


def test_a_statement_before_that_comes_later_proves_nothing_that_differs(ledger: Connection[Any]) -> None:
    take_ofx(ledger, 11, 20, "7.00", "1234.00")
    take_ofx(ledger, 1, 10, "50.00", "1000.00")

    assert proofs_on_record(ledger) == [("no_balances", None), ("no_balances", None)]


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Books with an account whose statements are expected, and two statements of it that add up."""
    months = Months(cli, database)
    cli.environment |= {"NUMBER": "12345-678"}
    configure(cli, FINANCE, RULE, ACCOUNT)
    assert add(cli, 1, 10, "50.00", "1000.00")["proof"] == "no_balances"
    assert add(cli, 11, 20, "7.00", "1007.00")["proof"] == "proven"
    return months


def add(cli: CommandLine, *statement: Any) -> Any:
    """Import a statement by the command."""
    file = cli.write(f"{statement[0]}.ofx", ofx(*statement, currency="USD", number="12345678"))
    (imported,) = cli("statement", "import", file, "--account", "ofxacc", "--json").facts["statements"]
    return imported


def problems(months: Months) -> list[tuple[str, str]]:
    """What keeps the month from being locked, except that the lines pay no bill."""
    months("close")
    return [(each["kind"], each["problem"]) for each in months.show()["blockers"] if each["kind"] != "open_items"]


def test_a_contradicted_closing_balance_keeps_the_month_from_being_locked(months: Months) -> None:
    cli, bad = months.cli, add(months.cli, 21, 30, "7.00", "1234.00")
    assert cli("reconcile", "--period", "2026-10", "--account", "ofxacc").code == 0

    items = cli("discrepancies", "list", "--class", "unproven", "--json").facts
    assert [(item["stake"], item["currency"], item["statement_id"]) for item in items] == [("220.00", "USD", bad["id"])]
    assert problems(months) == [("unproven_statement", f"statement {bad['id'][:8]} of ofxacc {PROBLEM}")]
    report = cli("period", "report", "2026-10", "--html", "-").out
    assert "2026-10-01 to 2026-10-10, 1 lines, a closing balance only" in " ".join(report.split())
    assert "no balances" not in report
    report = cli("period", "report", "2026-10").out
    assert "account ofxacc: not proven, its lines and balances differ by 220.00\N{NO-BREAK SPACE}USD." in report
    assert "no balances" not in report
    assert cli("finance", "check").code == 0


def test_the_first_statement_of_an_account_does_not_keep_its_month_open(months: Months) -> None:
    cli = months.cli
    assert add(cli, 21, 31, "7.00", "1014.00")["proof"] == "proven"
    cli("reconcile", "--period", "2026-10", "--account", "ofxacc")

    assert problems(months) == []
    assert cli("discrepancies", "list", "--class", "unproven", "--json").facts == []
    assert "account ofxacc: its first statement has no opening balance" in cli("period", "report", "2026-10").out


def test_a_first_statement_without_a_balance_or_with_a_fault_keeps_it_open(months: Months, database: str) -> None:
    for change in ("closing = NULL", "closing = 1000, faults = 1"):
        with Connection.connect(database, autocommit=True) as ledger:
            ledger.execute(f"UPDATE statements SET {change} WHERE opening IS NULL".encode())

        assert [kind for kind, _ in problems(months)] == ["unproven_statement", "not_reconciled"]
