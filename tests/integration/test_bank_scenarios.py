"""Bank lines against bills, by the scenarios 17 to 20: parts add up, and nobody is paid by a guess."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from postledger.reconciliation.matches.decide import confirm_match
from tests.parts.bank_books import FEE, BankBooks, day
from tests.parts.cli import CommandLine


@pytest.fixture
def books(database: str, master_key: str) -> Iterator[BankBooks]:
    """A ledger whose account allows a fee of 25.00."""
    books = BankBooks(database, master_key, **FEE)
    yield books
    books.ledger.close()


def test_scenario_17_one_bank_line_pays_3_bills_minus_a_fee(books: BankBooks) -> None:
    for nth, amount in enumerate(("100.00", "200.00", "300.00"), 1):
        books.rows.add_bill(f"PL-202610-{nth:06d}", amount)
    text = "PL-202610-000001 PL-202610-000002 PL-202610-000003"
    statement = books.add_lines({"amount": "-585.00", "text": text})

    books.reconcile()

    assert books.parts(statement) == [
        ("payment", "-100", "PL-202610-000001"), ("payment", "-200", "PL-202610-000002"),
        ("payment", "-300", "PL-202610-000003"), ("fee", "15", None),
    ]  # fmt: skip
    assert books.paid() == {"PL-202610-000001": "100", "PL-202610-000002": "200", "PL-202610-000003": "300"}
    assert books.items() == []


def test_scenario_17_a_fee_beyond_the_tolerance_is_proposed(books: BankBooks) -> None:
    for nth in (1, 2, 3):
        books.rows.add_bill(f"PL-202610-{nth:06d}", "200.00")
    statement = books.add_lines({"amount": "-560.00", "text": "PL-202610-1, PL-202610-2, PL-202610-3"})

    books.reconcile()

    assert books.items() == [("proposed", "560", "open", ["fee_beyond_tolerance"])]
    assert books.paid() == {}
    assert ("fee", "40", None) in books.parts(statement, state="proposed")


def test_scenario_18_partial_payment_then_the_rest(books: BankBooks) -> None:
    books.rows.add_bill("PL-202610-000001", "100.00")
    first = books.add_lines({"amount": "-60.00", "payee": "456"})
    books.reconcile()
    assert books.paid() == {"PL-202610-000001": "60"}

    rest = books.add_lines({"amount": "-40.00", "text": "PL-202610-000001", "booked_on": day(9)}, number="11")
    books.reconcile()

    assert books.paid() == {"PL-202610-000001": "100"}
    assert books.parts(first) == [("payment", "-60", "PL-202610-000001")]
    assert books.parts(rest) == [("payment", "-40", "PL-202610-000001")]


def test_scenario_18_overpayment_and_a_returned_payment(books: BankBooks) -> None:
    books.rows.add_bill("PL-202610-000001", "100.00")
    books.rows.add_bill("PL-202610-000002", "70.00")
    statement = books.add_lines(
        {"amount": "-150.00", "text": "PL-202610-000001"},
        {"amount": "-70.00", "payee": "456"},
        {"amount": "70.00", "payee": "456", "reversal": True, "booked_on": day(8)},
    )

    books.reconcile()

    assert books.parts(statement) == [
        ("payment", "-100", "PL-202610-000001"), ("unapplied", "-50", "PL-202610-000001")
    ]  # fmt: skip
    assert books.parts(statement, 3) == [("payment", "70", "PL-202610-000002")]
    assert books.paid() == {"PL-202610-000001": "100"}
    assert books.items() == [("unapplied", "50", "open", [])]


def test_scenario_18_a_part_of_a_payment_comes_back(books: BankBooks) -> None:
    """The reference of the payment makes it sure. The account alone does not."""
    for nth in (1, 2):
        books.rows.add_bill(f"PL-202610-{nth:06d}", "100.00")
    back = {"reversal": True, "booked_on": day(8)}
    statement = books.add_lines(
        {"amount": "-100.00", "text": "PL-202610-000001", "end_to_end": "E-1"},
        {"amount": "-100.00", "text": "PL-202610-000002", "payee": "456"},
        {"amount": "30.00", "end_to_end": "E-1", **back},
        {"amount": "20.00", "payee": "456", **back},
    )

    books.reconcile()

    assert books.parts(statement, 3) == [("payment", "30", "PL-202610-000001")]
    assert books.parts(statement, 4, state="proposed") == [("payment", "20", "PL-202610-000002")]
    assert books.paid() == {"PL-202610-000001": "70", "PL-202610-000002": "100"}
    assert books.items() == [("proposed", "20", "open", ["returned_in_part"])]

    confirm_match(books.ledger, statement, 4, None, "mia")
    books.reconcile()

    assert books.paid() == {"PL-202610-000001": "70", "PL-202610-000002": "80"}
    assert books.items() == []


def test_scenario_19_fourteen_open_bills_and_an_amount_that_fits_two_subsets(books: BankBooks) -> None:
    amounts = {nth: 3**nth for nth in range(1, 15)} | {1: 260, 14: 10}
    for nth, amount in amounts.items():
        books.rows.add_bill(f"PL-202610-{nth:06d}", str(amount))
    statement = books.add_lines({"amount": "-270.00", "payee": "456"})  # 27 + 243, or 260 + 10

    books.reconcile()

    proposed = books.parts(statement, state="proposed")
    assert sorted(number or "" for _, _, number in proposed) == [
        "PL-202610-000001", "PL-202610-000003", "PL-202610-000005", "PL-202610-000014"
    ]  # fmt: skip
    assert books.paid() == {}
    assert books.items() == [("proposed", "270", "open", ["several_solutions", "many_open"])]
    (row,) = books.read("SELECT facts -> 'proposals' AS proposals FROM discrepancies")
    assert set(row["proposals"]) == {
        "payment -27 PL-202610-000003, payment -243 PL-202610-000005",
        "payment -260 PL-202610-000001, payment -10 PL-202610-000014",
    }


def test_scenario_20_an_account_in_euros_pays_a_bill_in_dollars(books: BankBooks) -> None:
    books.rows.add_bill("PL-202610-000001", "1000.00", currency="USD")
    books.rows.add_bill("PL-202610-000002", "500.00", currency="USD", payee="457")
    books.rows.add_bill("PL-202610-000003", "250.00", currency="USD", payee="457")
    books.add_rate("USD", day(5), "1.10")
    of_bank = {"instructed_amount": Decimal(1000), "instructed_currency": "USD", "rate": Decimal("1.08")}
    statement = books.add_lines(
        {"amount": "-926.50", "text": "PL-202610-000001"} | of_bank,
        {"amount": "-456.00", "text": "PL-202610-000002"},
        {"amount": "-233.00", "text": "PL-202610-000003"},
    )

    books.reconcile()

    assert books.parts(statement, 1) == [("payment", "-925.93", "PL-202610-000001"), ("fx", "-0.57", None)]
    assert books.parts(statement, 2) == [("payment", "-454.55", "PL-202610-000002"), ("fx", "-1.45", None)]
    assert books.paid() == {"PL-202610-000001": "1000", "PL-202610-000002": "500"}
    assert books.items() == [("proposed", "233", "open", ["fx_beyond_tolerance"])]


def test_the_command_reconciles_every_account(books: BankBooks, cli: CommandLine) -> None:
    books.rows.add_bill("PL-202610-000001", "100.00")
    books.add_lines({"amount": "-100.00", "text": "PL-202610-000001"}, {"amount": "-7.00"})

    ran = cli("reconcile", "--period", "2026-10", "--json")
    again = cli("reconcile", "--period", "2026-10", "--account", "main")

    assert ran.code == 0, ran.err
    assert [(each["kind"], each["name"]) for each in ran.facts] == [("bank", "main")]
    assert [(row["class"], row["number"], row["stake"]) for row in ran.facts[0]["classes"]] == [
        ("matched", 1, "100"), ("unexplained_line", 1, "7")
    ]  # fmt: skip
    assert "unexplained_line" in again.out
    assert "is not configured" in cli("reconcile", "--period", "2026-10", "--account", "other").err
