"""Account numbers in the names of files are hidden, and ordinary names stay as they are."""

from functools import reduce

import pytest

from postledger.reconciliation.rules.hide_accounts import hide_ibans, hide_parts

OURS = ("DE89370400440532013000", "DE32500105170000009901", "FR1420041010050500013M02606", "12345678")


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("stmt_DE14500105170000001010.xml", "stmt_***.xml"),
        ("DE14500105170000001010-june.csv", "***-june.csv"),
        ("de14500105170000001010.csv", "***.csv"),
        ("kontoDE14500105170000001010june.csv", "konto***june.csv"),
        ("DE14 5001 0517 0000 0010 10 2026.csv", "*** 2026.csv"),
        ("DE14_5001_0517_0000_0010_10_2026-10.csv", "***_2026-10.csv"),
        ("DE14-5001-0517-0000-0010-10.csv", "***.csv"),
        ("DE14 50010517 0000001010.csv", "***.csv"),
        ("DE14500105170000001010_20261031.csv", "***_20261031.csv"),
        ("SE2026DE14500105170000001010.csv", "SE2026***.csv"),
        ("GB82WEST12345698765432 to NL91ABNA0417164300.pdf", "*** to ***.pdf"),
        ("NO93 8601 1117 947.csv", "***.csv"),
        ("FR1420041010050500013M02606.csv", "***.csv"),
        ("MT84MALT011000012345MTLCAST001S.csv", "***.csv"),
    ],
)
def test_an_iban_is_hidden(name: str, hidden: str) -> None:
    assert hide_ibans(name) == hidden


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("0000009901-mai.xml", "***-mai.xml"),
        ("umsatz_0532013000_20261031.csv", "umsatz_***_20261031.csv"),
        ("umsatz 532013000.csv", "umsatz ***.csv"),
        ("37040044-0532013000.sta", "***.sta"),
        ("2026-10 532 013 000.sta", "2026-10 ***.sta"),
        ("0500013m026.csv", "***.csv"),
        ("1234-5678_10.csv", "***_10.csv"),
    ],
)
def test_the_account_in_one_of_our_numbers_is_hidden(name: str, hidden: str) -> None:
    assert reduce(hide_parts, OURS, name) == hidden


@pytest.mark.parametrize(
    "name",
    [
        "october.csv",
        "2026-10.csv",
        "20261031.xml",
        "acme-20261001-20261031.csv",
        "2026-10-01_2026-10-31_acme.csv",
        "20261031T235959.123456.json",
        "INV-2026-000123.pdf",
        "invoice-00000001.pdf",
        "R0000000013.xml",
        "MT940-20261031-000001.sta",
        "camt053_20261031_37040044.xml",
        "DE20261031transactions.csv",
        "DE2026-10-31_2026-11-30_acme.csv",
        "DE15500105170000001010.csv",
        "PL-202610-000007.pdf",
        "9901-mai.xml",
        "10000009901.xml",
        "report (1) für Müller.xlsx",
    ],
)
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert reduce(hide_parts, OURS, hide_ibans(name)) == name
