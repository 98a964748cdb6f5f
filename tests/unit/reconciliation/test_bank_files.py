"""Odd files of banks, written anew after published samples, are read to the cent, and proven if they have balances.

The tables have the statements of each file: account, number, currency, days, proof, sum of what is booked, and lines.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from postledger.reconciliation.readers.bank_files import RECOGNISED_BY, read_bank_file, recognise_bank_file
from postledger.reconciliation.rules.balance_proof import Proof, prove
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, LineFault

FILES = Path(__file__).parent / "bank_files"
IBAN = "DE02120300000000202051"


def read(name: str) -> Iterator[tuple[BankStatement, list[BankLine | LineFault]]]:
    """Read each statement of a file with its lines."""
    with (FILES / name).open("rb") as content:
        kind = recognise_bank_file(content.read(RECOGNISED_BY))
        assert kind is not None
        for statement in read_bank_file(content, kind):
            yield statement, list(statement.lines)


def read_one(name: str) -> list[BankLine]:
    """Read the lines of a file with one statement and no fault."""
    [(_, found)] = read(name)
    lines = [line for line in found if isinstance(line, BankLine)]
    assert len(lines) == len(found)
    return lines


def sum_up(lines: list[BankLine | LineFault]) -> Decimal:
    """Add what is booked."""
    return sum((line.amount for line in lines if isinstance(line, BankLine) and not line.pending), Decimal(0))


def describe(statement: BankStatement, lines: list[BankLine | LineFault]) -> tuple[str | None, ...]:
    """Describe a statement as the table below has it."""
    proof = prove(statement.opening, sum_up(lines), statement.closing)
    said = proof.state if proof.difference is None else f"{proof.state} {proof.difference}"
    days = f"{statement.since} {statement.until}"
    return statement.account, statement.number, statement.currency, days, said, str(sum_up(lines)), str(len(lines))


DAY_5 = "2026-10-05 2026-10-05"
OCTOBER = "2026-10-01 2026-10-31"
CAMT = {
    "camt053_batch_adds_up.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "30.00", "2")],
    "camt053_fees_in_batch.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "295.50", "1")],
    "camt053_foreign_instructed.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "-92.00", "1")],
    "camt053_pending.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "5.00", "3")],
    "camt053_reversal.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "0.00", "2")],
    "camt053_naive_times.xml": [(IBAN, "10", "EUR", OCTOBER, "proven", "-7.00", "1")],
    "camt053_utf16.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "1.00", "1")],
    "camt053_latin1_after_blank_line.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "1.00", "1")],
    "camt053_prefix_two_statements.xml": [
        ("0532013000", "S", "CHF", "2026-10-01 2026-10-01", "proven", "0", "0"),
        ("0532013000", "S#2", "CHF", "2026-10-02 2026-10-02", "proven", "3.50", "1"),
    ],
    "camt053_faults.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "proven", "5.00", "7")],
    "camt053_unproven.xml": [(IBAN, "10", "EUR", "2026-10-05 2026-10-31", "unproven 0.01", "50.00", "1")],
    "camt052_intraday.xml": [(IBAN, "10", "EUR", DAY_5, "proven", "-10.00", "2")],
    "camt052_version1.xml": [("0532013000", "10", "EUR", DAY_5, "no_balances", "10.00", "1")],
    "camt054_notification.xml": [(IBAN, "10", "EUR", DAY_5, "no_balances", "12.00", "2")],
}
MT940 = {
    "mt940_dutch_slashes.sta": [("NL69INGB0123456789EUR", "00278", "EUR", DAY_5, "proven", "13.25", "2")],
    "mt940_end_of_year_and_february_30.sta": [
        ("0532013000", "1", "EUR", "2026-12-31 2027-03-01", "proven", "6.00", "3")
    ],
    "mt940_faults.sta": [("0532013000", "1", "EUR", "2026-10-01 2026-10-02", "proven", "1.00", "6")],
    "mt940_german_details.sta": [
        ("37040044/0532013000", "00011/001", "EUR", "2026-11-02 2027-01-03", "proven", "1234.21", "2")
    ],
    "mt940_pages.sta": [
        ("0532013000", "7/1", "CHF", "2026-10-01 2026-10-01", "proven", "5", "1"),
        ("0532013000", "7/2", "CHF", "2026-10-01 2026-10-02", "proven", "5", "1"),
    ],
    "mt940_reversals.sta": [
        ("37040044/0532013000EUR", "10/1", "EUR", "2026-10-02 2026-10-05", "proven", "-50.00", "3")
    ],
    "mt940_utf8_mark.sta": [(IBAN, "1", "EUR", "2026-10-01 2026-10-02", "proven", "1.00", "1")],
    "mt942_interim.sta": [(IBAN, "5/1", "EUR", DAY_5, "no_balances", "0", "1")],
}
OFX = {
    "ofx1_faults_and_no_ends.ofx": [("5", None, "EUR", "2026-10-01 2026-10-01", "no_balances", "1.00", "6")],
    "ofx1_sgml.ofx": [("37040044/0532013000", None, "EUR", OCTOBER, "no_balances", "1209.56", "3")],
    "ofx2_xml_two_accounts.ofx": [
        ("000123456", None, "USD", OCTOBER, "no_balances", "1234.56", "2"),
        ("4111", None, "USD", "2026-10-07 2026-10-07", "no_balances", "-9.99", "1"),
    ],
}
ALL = CAMT | MT940 | OFX


@pytest.mark.parametrize("name", ALL)
def test_a_file_is_read_to_the_cent(name: str) -> None:
    assert [describe(*found) for found in read(name)] == ALL[name]


def test_each_file_is_tested() -> None:
    assert {path.name for path in FILES.iterdir()} == set(ALL)


def test_a_proof_needs_both_balances() -> None:
    assert prove(None, Decimal(1), Decimal(1)) == Proof("no_balances")
