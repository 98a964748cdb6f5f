"""`finance check` finds bills that are not right, and nothing in those that are."""

import json
import random
from typing import Any

import pytest

from postledger.finance.invariants import INVARIANTS
from tests.parts.asked import OVER_100, configure_rules
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, configure, open_ledger
from tests.parts.payable import SMALL_BILLS, book, make
from tests.parts.sources import add_click

OF_BILLS = ("bills_sum_to_items", "bills_sum_to_lines", "lines_billed_once", "billed_with_approval")
PAYOUTS = ("0.004", "12.345", "7.5", "0.000001", "99.995")


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def check(cli: CommandLine) -> dict[str, Any]:
    found = json.loads(cli("finance", "check", "--json").out)
    return {name: broken for name, broken in found.items() if broken}


FAULTS = {
    "UPDATE bill_lines SET exact = exact + 0.001, carried_in = carried_in - 0.001": {"bills_sum_to_items"},
    "UPDATE bills SET amount = amount + 1, carried_out = carried_out - 1": {"bills_sum_to_items", "bills_sum_to_lines"},
    "DELETE FROM bill_items WHERE (dedup_key, seq) IN (SELECT dedup_key, seq FROM bill_items LIMIT 1)": {
        "bills_sum_to_items"
    },
    "UPDATE bills SET items_sha256 = '\\x00'": {"bills_sum_to_items"},
    "UPDATE bills SET carried_in = carried_in + 5, carried_out = carried_out + 5": {
        "bills_sum_to_items",
        "bills_sum_to_lines",
    },
    "UPDATE bills SET payee = '457'": {"lines_billed_once"},
    "UPDATE bills SET state = 'cancelled', updated_at = now()": {"bills_sum_to_items", "lines_billed_once"},
    "UPDATE bills SET approved_by_rule = NULL": {"billed_with_approval"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bill_that_was_altered_is_named(cli: CommandLine, database: str, fault: str) -> None:
    configure(cli, FINANCE + SMALL_BILLS)
    book(database, "T1", "T2", payout="10.004")
    make(cli)
    book(database, "T3")
    make(cli)
    assert check(cli) == {}

    with open_ledger(database) as ledger:
        ledger.execute(fault.encode())

    ran = cli("finance", "check")
    assert set(check(cli)) == FAULTS[fault]
    assert ran.code != 0
    assert "bill PL-" in ran.out or "conversion " in ran.out


def test_a_line_on_two_bills_is_named(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE + SMALL_BILLS)
    book(database, "T1")
    make(cli)
    with open_ledger(database) as ledger:
        ledger.execute("ALTER TABLE bill_items DROP CONSTRAINT bill_items_pkey")
        ledger.execute("INSERT INTO bill_items SELECT * FROM bill_items")

    assert "lines_billed_once" in check(cli)


def test_a_line_that_was_billed_without_approval_is_named(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "T1", payout="150")
    book(database, "T2", payout="50")
    (bill,) = make(cli)
    assert check(cli) == {}

    with open_ledger(database) as ledger:
        ledger.execute(
            "INSERT INTO bill_items SELECT dedup_key, seq, %s, 1 FROM expense_lines WHERE amount = 150", (bill["id"],)
        )

    assert "billed_with_approval" in check(cli)
    ((conversion,),) = fetch(database, "SELECT id::text FROM conversions WHERE transaction_id = 'T1'")
    assert conversion in cli("finance", "check").out


def test_random_bills_cause_no_alarm(cli: CommandLine, database: str) -> None:
    chosen = random.Random(11)  # noqa: S311 - the same bills in every run
    configure(cli, FINANCE + 'currency = "USD"\nmin_bill = "20.00"\n' + SMALL_BILLS)
    for step in range(8):
        ids = [f"T{step}-{number}" for number in range(3)]
        for one in ids:
            book(database, one, payout=chosen.choice(PAYOUTS), month=chosen.choice(["2026-09", "2026-10"]))
        book(database, f"R{step}", reverses=chosen.choice(ids), payout="-0.000001", status="reversed")
        make(cli)
        bills = [row for row in cli("bills", "list", "--json").facts if row["state"] != "cancelled"]
        if bills and step % 3 == 2:
            assert cli("bills", "cancel", chosen.choice(bills)["number"]).code == 0
        assert {name: found for name, found in check(cli).items() if name in OF_BILLS} == {}

    make(cli)
    ((billed, exact, carried),) = fetch(
        database,
        "SELECT sum(amount), sum(exact), (array_agg(carried_out ORDER BY created_at DESC, period DESC))[1]"
        " FROM bills WHERE state <> 'cancelled'",
    )
    assert billed + carried == exact
    assert set(OF_BILLS) < set(INVARIANTS)
