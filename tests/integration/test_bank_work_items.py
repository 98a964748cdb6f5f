"""What networks owe us is matched with bank credits, and what is missing or not proven becomes a work item."""

from collections.abc import Iterator
from datetime import date

import pytest

from postledger.reconciliation.items.list_items import ItemFilters, list_items
from postledger.reconciliation.month_report import build_month_report
from tests.parts.bank_books import FEE, BankBooks, day

NUMBER = "RV-202610-000001"


@pytest.fixture
def books(database: str, master_key: str) -> Iterator[BankBooks]:
    """A ledger whose account allows a fee of 25.00."""
    books = BankBooks(database, master_key, **FEE)
    yield books
    books.ledger.close()


def owed(books: BankBooks) -> list[tuple[str, str, str]]:
    """The receivables: number, amount, and what was received."""
    rows = books.read("SELECT number, amount, received FROM receivables ORDER BY number")
    return [(row["number"], f"{row['amount']:f}", f"{row['received'].normalize():f}") for row in rows]


def test_what_a_network_owes_is_rounded_once_and_received_minus_a_fee(books: BankBooks) -> None:
    for _ in range(3):
        books.add_receivable_line("100.004")
    statement = books.add_lines({"amount": "285.01", "payee": "457"})

    books.reconcile()

    assert owed(books) == [(NUMBER, "300.01", "300.01")]
    assert books.parts(statement) == [("payment", "300.01", NUMBER), ("fee", "-15", None)]
    assert books.items() == []


def test_a_receivable_follows_its_lines_and_keeps_its_number(books: BankBooks) -> None:
    books.add_receivable_line("100")
    books.add_receivable_line("7", currency="USD")
    books.reconcile()
    books.add_receivable_line("-40")
    books.add_receivable_line("5", payee=None, unmapped="no_payee")

    books.reconcile()

    assert owed(books) == [(NUMBER, "60.00", "0"), ("RV-202610-000002", "7.00", "0")]


def test_a_receivable_that_is_due_and_not_paid_is_a_work_item(books: BankBooks) -> None:
    books.add_receivable_line("100")
    books.add_receivable_line("50", due=date(2099, 1, 1), payee="456")
    books.add_lines({"amount": "60.00", "text": NUMBER})

    books.reconcile()

    # They are numbered by payee: 456 comes first.
    assert owed(books) == [(NUMBER, "50.00", "50"), ("RV-202610-000002", "100.00", "0")]
    assert [item[:3] for item in books.items()] == [("overdue_receivable", "100", "open"), ("unapplied", "10", "open")]


def test_a_new_first_account_does_not_take_over_an_item(books: BankBooks) -> None:
    books.add_receivable_line("100")
    books.reconcile()
    books.ledger.execute("UPDATE discrepancies SET state = 'resolved', settled_facts_sha256 = facts_sha256")
    books.add_account({"slug": "aaa", "currency": "EUR"})
    books.add_receivable_line("50", payee="456")

    for account in ("aaa", "main", "aaa"):
        books.reconcile(account=account)

    items = books.read("SELECT account, stake, state FROM discrepancies ORDER BY id")
    assert [(item["account"], f"{item['stake'].normalize():f}", item["state"]) for item in items] == [
        ("main", "100", "resolved"),
        ("aaa", "50", "open"),
    ]  # fmt: skip


def test_money_of_a_network_that_the_bank_takes_back_is_owed_again(books: BankBooks) -> None:
    books.add_receivable_line("100", due=date(2099, 1, 1))
    statement = books.add_lines(
        {"amount": "100.00", "payee": "457"},
        {"amount": "-100.00", "payee": "457", "reversal": True, "booked_on": day(9)},
    )

    books.reconcile()

    assert owed(books) == [(NUMBER, "100.00", "0")]
    assert books.parts(statement, 2) == [("payment", "-100", NUMBER)]


def test_a_statement_that_is_not_proven_and_missing_days_are_work_items(books: BankBooks) -> None:
    first = books.add_lines(opening="0", closing="100.00", since=day(1), until=day(9), number="1")
    books.add_lines(
        opening="70.00", closing="71.50", since=day(15), until=day(31), number="2", proof="unproven",
        proof_difference="-1.50", gap="gap", follows=first,
    )  # fmt: skip
    books.add_lines(since=date(2026, 11, 2), until=date(2026, 11, 30), number="3", proof="unproven")

    books.reconcile()

    assert [item[:2] for item in books.items()] == [("gap", "30"), ("unproven", "1.5")]


def test_items_of_statements_and_months_say_which_days_they_are_about(books: BankBooks) -> None:
    first = books.add_lines(opening="0", closing="9", since=day(1), until=day(9), number="1", proof="unproven")
    second = books.add_lines(
        opening="70.00", closing="71.50", since=day(15), until=day(31), number="2", proof="unproven",
        proof_difference="-1.50", gap="gap", follows=first,
    )  # fmt: skip

    books.reconcile()

    said = [
        ("gap", f"before 2026-10-15 ({second[:8]})"),
        ("unproven", f"2026-10-01 to 2026-10-09 ({first[:8]})"),
        ("unproven", f"2026-10-15 to 2026-10-31 ({second[:8]})"),
    ]
    assert sorted((row["class"], row["subject"]) for row in list_items(books.ledger, ItemFilters())) == said
    report = build_month_report(books.ledger, date(2026, 10, 1))
    assert sorted((item.item_class, item.subject) for item in report.items) == said


def test_lines_that_differ_from_proven_balances_are_a_work_item(books: BankBooks) -> None:
    whole = {"opening": "0", "closing": "20.00", "since": day(1), "until": day(9)}
    books.add_lines({"amount": "30.00", "booked_on": day(2)}, **whole)
    books.reconcile()
    unproven = [item[:3] for item in books.items() if item[0] == "unproven"]
    books.add_lines({"amount": "-10.00", "booked_on": day(3)}, since=day(3), until=day(3), proof="no_balances")

    books.reconcile()

    assert unproven == [("unproven", "10", "open")]
    (item,) = list_items(books.ledger, ItemFilters(classes=["unproven"]))
    assert item["subject"] == "2026-10-01 to 2026-10-31"
    assert [item for item in books.items() if item[0] == "unproven"] == []


def test_a_gap_is_an_item_of_the_month_of_its_first_day_only(books: BankBooks) -> None:
    october = books.add_lines(opening="0", closing="0", until=day(29))
    books.add_lines(
        opening="5", closing="5", since=date(2026, 11, 4), until=date(2026, 11, 30), gap="gap", follows=october
    )

    for month in (date(2026, 10, 1), date(2026, 11, 1)):
        books.reconcile(month)

    assert books.read("SELECT class, period FROM discrepancies") == [{"class": "gap", "period": date(2026, 10, 1)}]


def test_a_work_item_keeps_its_state_while_its_line_stays_as_it_is(books: BankBooks) -> None:
    books.add_lines({"amount": "-12.00", "text": "who knows"}, {"amount": "-12.00", "text": "who knows"})
    books.reconcile()
    books.ledger.execute(
        "UPDATE discrepancies SET state = 'resolved', settled_facts_sha256 = facts_sha256 WHERE line_no = 1"
    )

    books.reconcile()

    states = books.read("SELECT line_no, state FROM discrepancies ORDER BY line_no")
    assert [(row["line_no"], row["state"]) for row in states] == [(1, "resolved"), (2, "open")]


def test_a_pending_line_is_no_money(books: BankBooks) -> None:
    books.rows.add_bill("PL-202610-000001", "100.00")
    books.add_lines({"amount": "-100.00", "text": "PL-202610-000001", "pending": True}, {"amount": "0"})

    books.reconcile()

    assert books.paid() == {}
    assert books.items() == []


def test_a_second_run_changes_nothing(books: BankBooks) -> None:
    for nth, amount in enumerate(("100.00", "100.00", "30.00"), 1):
        books.rows.add_bill(f"PL-202610-{nth:06d}", amount)
    books.add_receivable_line("100")
    books.add_lines(
        {"amount": "-100.00", "payee": "456"},
        {"amount": "-35.00", "text": "PL-202610-000003"},
        {"amount": "100.00", "payee": "457"},
        {"amount": "-8.00"},
    )
    kept = (
        "SELECT line_no, nth, bill_id, receivable_id, part, amount, state, proposal FROM matches ORDER BY 1, 2",
        "SELECT id, class, state, version, facts FROM discrepancies ORDER BY 1",
        "SELECT number, paid, updated_at FROM bills ORDER BY 1",
        "SELECT number, received, updated_at FROM receivables ORDER BY 1",
    )
    first = books.reconcile()
    before = [books.read(statement) for statement in kept]

    again = books.reconcile()

    assert [books.read(statement) for statement in kept] == before
    assert [(row["class"], row["number"]) for row in again.classes] == [
        (row["class"], row["number"]) for row in first.classes
    ]  # fmt: skip
    assert all(before)
