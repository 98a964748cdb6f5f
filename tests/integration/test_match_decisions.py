"""People confirm, undo and make matches. No later run changes what they decided, and one decision changes one line."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from postledger.finance.bills.cancel_bills import cancel_bills
from postledger.reconciliation.matches.by_hand import ByHand, match_by_hand
from postledger.reconciliation.matches.decide import confirm_match, undo_match
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible
from tests.parts.bank_books import FEE, BankBooks, day
from tests.parts.cli import CommandLine

FIRST, SECOND = "PL-202610-000001", "PL-202610-000002"


@pytest.fixture
def books(database: str, master_key: str) -> Iterator[BankBooks]:
    """A ledger with two bills of 100.00 to the payee 456."""
    books = BankBooks(database, master_key, **FEE)
    books.rows.add_bill(FIRST, "100.00")
    books.rows.add_bill(SECOND, "100.00")
    yield books
    books.ledger.close()


def by_hand(books: BankBooks, statement: str, *payments: tuple[str, str | None], rest: Any = None) -> None:
    """Match the first line by hand."""
    read = [(number, None if amount is None else Decimal(amount)) for number, amount in payments]
    match_by_hand(books.ledger, statement, 1, ByHand(read, rest), "mia")


def test_a_proposal_is_confirmed_and_stays(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-100.00", "payee": "456"})
    books.reconcile()
    with pytest.raises(InvalidRequest, match="has 2 proposals; choose one with --proposal"):
        confirm_match(books.ledger, statement[:8], 1, None, "mia")

    confirm_match(books.ledger, statement[:8], 1, 2, "mia")
    books.reconcile()

    assert books.paid() == {SECOND: "100"}
    assert books.parts(statement, state="confirmed") == [("payment", "-100", SECOND)]
    assert books.parts(statement, state="proposed") == []
    assert books.items() == []


def test_one_match_is_undone_and_not_made_again(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-100.00", "text": FIRST}, {"amount": "-100.00", "text": SECOND})
    books.reconcile()

    undo_match(books.ledger, statement, 1, "mia")
    assert books.paid() == {SECOND: "100"}
    books.reconcile()

    assert books.paid() == {SECOND: "100"}
    assert books.parts(statement, 1, "proposed") == [("payment", "-100", FIRST)]
    assert books.parts(statement, 1, "undone") == [("payment", "-100", FIRST)]
    assert books.items() == [("proposed", "100", "open", ["undone"])]
    confirm_match(books.ledger, statement, 1, None, "mia")
    assert books.paid() == {FIRST: "100", SECOND: "100"}


def test_a_line_is_matched_by_hand_and_stays(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-153.50"})
    by_hand(books, statement, (SECOND, None), (FIRST, "50.00"), rest="fee")

    books.reconcile()

    assert books.parts(statement, state="confirmed") == [
        ("payment", "-100", SECOND), ("payment", "-50", FIRST), ("fee", "-3.5", None)
    ]  # fmt: skip
    assert books.paid() == {FIRST: "50", SECOND: "100"}
    with pytest.raises(NotPossible, match="matched by a person; undo it first"):
        by_hand(books, statement, (FIRST, None))


def test_a_fee_of_the_bank_needs_no_bill(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-9.90", "text": "ACCOUNT FEE"})
    books.reconcile()
    assert books.items() == [("unexplained_line", "9.9", "open", [])]

    by_hand(books, statement, rest="fee")
    books.reconcile()

    assert books.items() == []
    assert books.parts(statement, state="confirmed") == [("fee", "-9.9", None)]


def test_a_payment_comes_back_by_hand(books: BankBooks) -> None:
    paid = books.add_lines({"amount": "-100.00", "text": FIRST})
    books.reconcile()
    back = books.add_lines({"amount": "100.00", "booked_on": day(7)}, number="11")

    by_hand(books, back, (FIRST, None))
    books.reconcile()

    assert books.paid() == {}
    assert books.parts(paid) == [("payment", "-100", FIRST)]


def test_a_bill_in_dollars_is_paid_by_hand_at_the_rate_that_follows(books: BankBooks) -> None:
    books.rows.add_bill("PL-202610-000003", "108.00", currency="USD")
    statement = books.add_lines({"amount": "-100.00"})

    by_hand(books, statement, ("PL-202610-000003", None))

    assert books.parts(statement, state="confirmed") == [("payment", "-100", "PL-202610-000003")]
    assert books.paid() == {"PL-202610-000003": "108"}


REFUSED: dict[str, tuple[tuple[tuple[str, str | None], ...], str | None, str]] = {
    "nothing": ((), None, "say what the line is"),
    "too much": (((FIRST, "100.01"),), None, "only 100.00 EUR"),
    "more than the line": ((("PL-202610-000003", "120"),), None, "the line has only 100.00 EUR"),
    "twice": (((FIRST, "1"), (FIRST, "2")), None, "given twice"),
    "unknown": ((("PL-202610-000099", None),), None, "no bill and no receivable"),
    "the line is used up": (((FIRST, None), (SECOND, None)), None, f"nothing of {SECOND} is left"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_paid_is_refused_and_nothing_changes(books: BankBooks, case: str) -> None:
    payments, rest, message = REFUSED[case]
    books.rows.add_bill("PL-202610-000003", "150.00")
    statement = books.add_lines({"amount": "-100.00"})
    books.reconcile()

    with pytest.raises((InvalidRequest, NotFound, NotPossible), match=message):
        by_hand(books, statement, *payments, rest=rest)

    assert books.paid() == {}
    assert books.parts(statement, state="confirmed") == []


def test_a_bill_that_is_not_approved_is_not_paid_by_hand(books: BankBooks) -> None:
    books.rows.add_bill("PL-202610-000003", "50.00", state="waiting")
    statement = books.add_lines({"amount": "-50.00"})

    with pytest.raises(NotPossible, match="is waiting, and cannot be paid"):
        by_hand(books, statement, ("PL-202610-000003", None))


def test_a_proposal_that_no_longer_fits_is_refused(books: BankBooks) -> None:
    books.add_lines({"amount": "-100.00", "payee": "456"})
    books.reconcile()
    other = books.add_lines({"amount": "-100.00"}, number="11")
    by_hand(books, other, (FIRST, None))
    (statement,) = books.read("SELECT id::text FROM statements WHERE number = '10'")

    with pytest.raises(NotPossible, match=f"{FIRST} would be paid beyond its amount"):
        confirm_match(books.ledger, statement["id"], 1, 1, "mia")

    assert books.paid() == {FIRST: "100"}


def test_in_a_locked_month_no_match_changes(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-100.00", "text": FIRST}, {"amount": "-1.00"})
    books.reconcile()
    books.rows.set_state("locked")

    for decide in (
        lambda: undo_match(books.ledger, statement, 1, "mia"),
        lambda: by_hand(books, statement, rest="fee"),
    ):
        with pytest.raises(NotPossible, match="2026-10 is locked"):
            decide()
    late = books.add_lines({"amount": "-2.00"}, number="11")
    books.reconcile()

    assert books.parts(statement) == [("payment", "-100", FIRST)]
    assert [(row[0], row[1]) for row in books.items()] == [("after_lock", "2"), ("unexplained_line", "1")]
    assert books.parts(late) == []


def test_a_bill_with_payments_is_not_cancelled(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-40.00", "text": FIRST})
    books.reconcile()

    with pytest.raises(NotPossible, match=f"bill {FIRST} has payments; undo their matches first"):
        cancel_bills(books.ledger, [FIRST], "mia")

    undo_match(books.ledger, statement, 1, "mia")
    assert cancel_bills(books.ledger, [FIRST], "mia") == [FIRST]


def test_the_commands_decide_and_list(books: BankBooks, cli: CommandLine) -> None:
    statement = books.add_lines({"amount": "-100.00", "text": FIRST}, {"amount": "-7.00"})
    books.reconcile()
    assert cli("match", "confirm", statement[:8], "1", "--as", "root").code != 0  # root is no user

    assert cli("match", "undo", statement[:8], "1").code == 0
    by_command = cli("match", "by-hand", statement[:8], "1", "--bill", f"{FIRST}=60.00", "--rest", "fee", "--json")
    listed = cli("match", "list", "--bill", FIRST, "--json").facts
    bills = {row["number"]: (row["state"], row["paid"]) for row in cli("bills", "list", "--json").facts}

    assert [part["part"] for part in by_command.facts["parts"]] == ["payment", "fee"]
    assert [(row["state"], row["method"]) for row in listed] == [("undone", "reference"), ("confirmed", "by_hand")]
    assert bills == {FIRST: ("partly_paid", "60.00"), SECOND: ("approved", "0")}
    (payment,) = cli("bills", "show", FIRST, "--json").facts["payments"]
    assert (payment["statement_id"], payment["line_no"], payment["paid"]) == (statement, 1, "60.00")
    assert [row["number"] for row in cli("bills", "list", "--state", "partly_paid", "--json").facts] == [FIRST]
    assert "2026-10-05" in cli("match", "list", "--state", "confirmed").out
    assert "match.by_hand" in cli("audit", "list").out
    assert "write the amount as" in cli("match", "by-hand", statement, "1", "--bill", f"{FIRST}=x").err
    assert "run: postledger match list" in cli("match", "undo", statement, "7").err


def test_a_match_stays_when_a_later_bill_makes_it_less_clear(books: BankBooks) -> None:
    undo = books.ledger.execute("UPDATE bills SET state = 'waiting' WHERE number = %s", (SECOND,))
    assert undo.rowcount == 1
    books.add_lines({"amount": "-100.00", "payee": "456"})
    books.reconcile()
    assert books.paid() == {FIRST: "100"}

    books.ledger.execute("UPDATE bills SET state = 'approved' WHERE number = %s", (SECOND,))
    ran = books.reconcile()

    assert books.paid() == {FIRST: "100"}
    assert ran.classes == [{"class": "matched", "currency": "EUR", "number": 1, "stake": "100"}]


def test_a_payment_that_was_returned_is_not_undone_before_its_return(books: BankBooks) -> None:
    statement = books.add_lines({"amount": "-100.00", "text": FIRST}, {"amount": "100.00", "text": f"RETURN {FIRST}"})
    books.reconcile()

    with pytest.raises(NotPossible, match=f"more of {FIRST} would be taken back than was paid"):
        undo_match(books.ledger, statement, 1, "mia")
    undo_match(books.ledger, statement, 2, "mia")

    assert books.paid() == {FIRST: "100"}


def test_amounts_of_a_table_have_the_digits_of_their_currency(books: BankBooks, cli: CommandLine) -> None:
    statement = books.add_lines({"amount": "-45.5", "text": FIRST})
    books.reconcile()

    listed, exact = cli("match", "list").out, cli("match", "list", "--json").facts
    confirmed = cli("match", "confirm", statement[:8], "1").out

    assert "-45.50" in listed.split()
    assert {"-45.50", "45.50"} <= set(confirmed.split())
    assert [(row["amount"], row["applied_amount"]) for row in exact] == [("-45.5", "45.5")]
