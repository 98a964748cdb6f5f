"""Writes a bill as CSV and as JSON. Pure. Amounts keep the digits of their currency, and are text in JSON."""

import csv
import io
from decimal import Decimal

import msgspec

from postledger.finance.exports.target import ExportedBill
from postledger.vocabulary.spreadsheet import quote_formula

_COLUMNS = (
    "bill", "payee", "payee_name", "erp_reference", "period", "day", "currency", "bill_amount", "line", "category",
    "account", "tax_code", "amount", "items",
)  # fmt: skip


def write_csv(bill: ExportedBill) -> bytes:
    """Write a row for each line of the bill. The amounts of its lines sum to `bill_amount`."""
    begin = (
        bill.number, bill.payee, bill.payee_name, bill.erp_reference, f"{bill.period:%Y-%m}", bill.day.isoformat(),
        bill.currency, bill.amount,
    )  # fmt: skip
    rows = [
        (*begin, line.nth, line.category, line.account, line.tax_code, line.amount, line.items) for line in bill.lines
    ]
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_COLUMNS)
    writer.writerows([_write_cell(value) for value in row] for row in rows)
    return written.getvalue().encode()


def write_json(bill: ExportedBill) -> bytes:
    """Write the bill as one JSON object."""
    return msgspec.json.format(msgspec.json.encode(list_facts(bill)), indent=2) + b"\n"


def list_facts(bill: ExportedBill) -> dict[str, object]:
    """List what a program gets of a bill."""
    facts = msgspec.structs.asdict(bill)
    lines = [msgspec.structs.asdict(line) for line in facts.pop("lines")]
    return _spell({**facts, "period": f"{bill.period:%Y-%m}"}) | {"lines": [_spell(line) for line in lines]}


def _spell(facts: dict[str, object]) -> dict[str, object]:
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in facts.items()}


def _write_cell(value: object) -> str:
    if isinstance(value, str):
        return quote_formula(value)
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
