"""`finance check` finds parts that do not add up to their line, and payments that do not count."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.parts.bank_books import FEE, BankBooks
from tests.parts.cli import CommandLine
from tests.parts.mapping import FINANCE, configure


@pytest.fixture
def books(cli: CommandLine, database: str, master_key: str) -> Iterator[BankBooks]:
    """A ledger in which a line pays a bill with a fee."""
    configure(cli, FINANCE.partition("[[payees]]")[0])
    books = BankBooks(database, master_key, **FEE)
    books.rows.add_bill("PL-202610-000001", "100.00")
    books.add_lines({"amount": "-103.00", "text": "PL-202610-000001"})
    books.reconcile()
    yield books
    books.ledger.close()


def check(cli: CommandLine) -> dict[str, Any]:
    """What is broken of matches."""
    found = json.loads(cli("finance", "check", "--json").out)
    return {name: found[name] for name in ("parts_sum_to_line", "paid_is_sum_of_payments") if found[name]}


def test_matches_that_add_up_are_in_order(books: BankBooks, cli: CommandLine) -> None:
    assert check(cli) == {}


FAULTS = {
    "UPDATE matches SET amount = -99 WHERE part = 'payment'": ["parts_sum_to_line"],
    "DELETE FROM matches WHERE part = 'fee'": ["parts_sum_to_line"],
    "UPDATE statement_lines SET amount = -104": ["parts_sum_to_line"],
    "UPDATE bills SET paid = 99": ["paid_is_sum_of_payments"],
    "UPDATE matches SET applied_amount = 99 WHERE part = 'payment'": ["paid_is_sum_of_payments"],
    "UPDATE matches SET state = 'undone', undone_at = now()": ["paid_is_sum_of_payments"],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_altered_is_named(books: BankBooks, cli: CommandLine, fault: str) -> None:
    books.ledger.execute(fault.encode())

    assert list(check(cli)) == FAULTS[fault]
