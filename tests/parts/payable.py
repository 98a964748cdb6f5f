"""Conversions that are booked and mapped, so that their lines can be billed, and the bills of a test's ledger."""

from datetime import date
from decimal import Decimal
from typing import Any

from postledger.ledger.writer import write_entries
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import map_all, open_ledger

SMALL_BILLS = """
[[expense_rules]]
slug = "spring"
category = "Affiliate Commission"
account = "6010"
amount = "100%"
"""


def book(url: str, *transaction_ids: str, month: str | None = None, **fields: Any) -> None:
    """Book one postback of each transaction id, and map it: now, or in a month. The click C1 must be there."""
    parameters = {"payout": "10", **fields}
    with open_ledger(url) as ledger:
        write_entries(ledger, [entry_of(**{"transaction_id": one, **parameters}) for one in transaction_ids])
    map_all(url)
    if month is not None:
        _move(url, transaction_ids, month)


def _move(url: str, transaction_ids: tuple[str, ...], month: str) -> None:
    with open_ledger(url) as ledger:
        ledger.execute("ALTER TABLE expense_lines DISABLE TRIGGER USER")
        ledger.execute(
            "UPDATE expense_lines SET period = %(month)s, origin_period = %(month)s FROM conversions"
            " WHERE conversions.dedup_key = expense_lines.dedup_key AND conversions.transaction_id = ANY(%(ids)s)",
            {"month": date.fromisoformat(f"{month}-01"), "ids": list(transaction_ids)},
        )
        ledger.execute("ALTER TABLE expense_lines ENABLE TRIGGER USER")


def add_rates(url: str, *currencies: str) -> None:
    """Add rates of today."""
    for currency in currencies:
        fetch(
            url,
            "INSERT INTO rates VALUES ('EUR', %s, current_date, 1, 'ecb', now()) RETURNING 1",
            (currency,),
        )


def make(cli: CommandLine, *options: str) -> list[dict[str, Any]]:
    """Make bills, and return them."""
    ran = cli("bills", "make", "--json", *options)
    assert ran.code == 0, ran.err
    return list(ran.facts["bills"])


def told(bill: dict[str, Any]) -> tuple[str, ...]:
    """Exact sum, carried in, amount, carried out, without zeros at the end, and the state."""
    amounts = [Decimal(bill[name]) for name in ("exact", "carried_in", "amount", "carried_out")]
    return (*(f"{amount.normalize():f}" for amount in amounts), bill["state"])


def items_of(url: str, number: str) -> int:
    """How many expense lines a bill holds."""
    ((found,),) = fetch(
        url,
        "SELECT count(*)::integer FROM bill_items JOIN bills ON bills.id = bill_id WHERE number = %s",
        (number,),
    )
    return int(found)
