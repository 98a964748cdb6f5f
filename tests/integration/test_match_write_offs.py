"""What a person calls a fee, a rate or rounding beyond the account's tolerance is written off as an approver may."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.parts.bank_books import FEE, BankBooks, day
from tests.parts.cli import CommandLine, Ran
from tests.parts.waiting_requests import write_rule

BILL = "PL-202610-000001"
IN_DOLLARS = "PL-202610-000002"
RECEIVABLE = "RV-202610-000001"


@pytest.fixture
def books(database: str, master_key: str) -> Iterator[BankBooks]:
    """A ledger where 5.00 EUR needs a manager, with a bill of 100.00 EUR, one of 108.00 USD, and a receivable."""
    books = BankBooks(database, master_key, **FEE)
    books.rows.add_bill(BILL, "100.00")
    books.rows.add_bill(IN_DOLLARS, "108.00", currency="USD")
    books.rows.add_receivable(RECEIVABLE, "360.00", currency="EUR")
    write_rule(books.ledger, "over-5", ["manager"], over={"EUR": "5.00"})
    yield books
    books.ledger.close()


@pytest.fixture
def people(books: BankBooks, cli: CommandLine) -> CommandLine:
    """An operator, a manager who has imported nothing, and mia, who imports the statements."""
    for login, role in (("ole", "operator"), ("max", "manager"), ("mia", "manager"), ("deb", "operator")):
        assert cli("user", "add", login, "--role", role).code == 0
    return cli


def by_hand(cli: CommandLine, login: str | None, statement: str, *options: str) -> Ran:
    """Match the first line by hand."""
    return cli("match", "by-hand", statement, "1", *options, *(() if login is None else ("--as", login)))


def entry_of(cli: CommandLine, action: str) -> tuple[str, dict[str, Any]]:
    """Who did it, and the body of the only entry."""
    (entry,) = cli("audit", "list", "--action", action, "--json").facts
    return entry["actor"], entry["body"]


def test_a_fee_by_hand_is_judged_as_a_write_off(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-12.34"})
    books.reconcile()
    ((item,),) = books.ledger.execute("SELECT id FROM discrepancies").fetchall()
    accepted = people("discrepancies", "accept", str(item), "--reason", "a fee", "--as", "ole")

    refused = by_hand(people, "ole", statement, "--rest", "fee")

    need = "postledger: not_your_step: to write off 12.34 EUR, the rule over-5 needs the role manager; ole lacks it"
    assert accepted.err == f"{need} (work item {item})\n"
    assert (refused.code, refused.err) == (1, f"{need} (line 1)\n")
    assert books.parts(statement, state="confirmed") == []
    assert by_hand(people, "max", statement, "--rest", "fee").code == 0
    actor, body = entry_of(people, "match.by_hand")
    assert (actor, body["rule"], body["rule_version"], body["role"]) == ("max", "over-5", 1, "manager")


BEYOND: dict[str, tuple[str, tuple[str, ...], str]] = {
    "an outgoing transfer": ("-600.00", ("--rest", "fee"), "600.00"),
    "no rate of a payment": ("-600.00", ("--rest", "fx"), "600.00"),
    "no rounding": ("-600.00", ("--rest", "rounding"), "600.00"),
    "most of a receivable": ("77.00", ("--receivable", RECEIVABLE + "=360.00", "--rest", "fee"), "283.00"),
    "rounding of ten": ("-110.00", ("--bill", BILL, "--rest", "rounding"), "10.00"),
    "a rate without a currency": ("-110.00", ("--bill", BILL, "--rest", "fx"), "10.00"),
    "a fee that came in": ("120.00", ("--receivable", RECEIVABLE + "=100.00", "--rest", "fee"), "20.00"),
    "a fee of a small part": ("-26.00", ("--bill", BILL + "=1.00", "--rest", "fee"), "25.00"),
    "a rate out of hand": ("-600.00", ("--bill", IN_DOLLARS + "=10.00", "--rest", "fx"), "590.00"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_what_exceeds_the_tolerance_needs_an_approver(books: BankBooks, people: CommandLine, case: str) -> None:
    amount, options, written_off = BEYOND[case]
    books.add_rate("USD", day(5), "1")
    statement = books.add_lines({"amount": amount})

    refused = by_hand(people, "ole", statement, *options)

    assert refused.code == 1
    assert f"not_your_step: to write off {written_off} EUR, the rule over-5" in refused.err
    assert (books.paid(), books.parts(statement, state="confirmed")) == ({}, [])
    assert by_hand(people, "max", statement, *options).code == 0


WITHIN: dict[str, tuple[str, tuple[str, ...]]] = {
    "a fee": ("-120.00", ("--bill", BILL, "--rest", "fee")),
    "a fee of what came in": ("340.00", ("--receivable", RECEIVABLE + "=360.00", "--rest", "fee")),
    "a cent": ("-100.01", ("--bill", BILL, "--rest", "rounding")),
    "one percent": ("-100.90", ("--bill", IN_DOLLARS)),
    "nothing": ("-100.00", ("--bill", BILL, "--rest", "fee")),
    "what stays a work item": ("-600.00", ("--bill", BILL, "--rest", "unapplied")),
}


@pytest.mark.parametrize("case", WITHIN)
def test_an_operator_decides_within_the_tolerance(books: BankBooks, people: CommandLine, case: str) -> None:
    books.add_rate("USD", day(5), "1.08")
    amount, options = WITHIN[case]

    ran = by_hand(people, "ole", books.add_lines({"amount": amount}), *options)

    assert (ran.code, "rule" in entry_of(people, "match.by_hand")[1]) == (0, False), ran.err


def test_without_a_rate_all_that_is_paid_needs_an_approver(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-100.00"})

    assert "to write off 100.00 EUR" in by_hand(people, "ole", statement, "--bill", IN_DOLLARS).err
    assert by_hand(people, "max", statement, "--bill", IN_DOLLARS).code == 0


def test_below_the_threshold_an_operator_decides(books: BankBooks, people: CommandLine) -> None:
    assert by_hand(people, "ole", books.add_lines({"amount": "-5.00"}), "--rest", "fee").code == 0


def test_the_importer_calls_nothing_a_fee(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-12.34"}, imported_by="max")

    assert "four_eyes: max caused it" in by_hand(people, "max", statement, "--rest", "fee").err
    assert "say who accepts it with --as LOGIN" in by_hand(people, None, statement, "--rest", "fee").err


def test_a_payee_calls_nothing_of_the_own_bill_a_fee(books: BankBooks, people: CommandLine) -> None:
    books.ledger.execute("UPDATE users SET payee = '456' WHERE login = 'max'")
    statement = books.add_lines({"amount": "-160.00"})

    refused = by_hand(people, "max", statement, "--bill", BILL, "--rest", "fee")

    assert "four_eyes: max is the payee" in refused.err


def test_a_delegate_calls_it_a_fee_for_a_manager(books: BankBooks, people: CommandLine) -> None:
    assert people("user", "delegate", "max", "--to", "deb", "--until", "2099-01-01", "--as", "max").code == 0

    assert by_hand(people, "deb", books.add_lines({"amount": "-12.34"}), "--rest", "fee").code == 0
    actor, body = entry_of(people, "match.by_hand")
    assert (actor, body["for"]) == ("deb", "max")


@pytest.mark.parametrize("rest", ["fee", "fx", "rounding"])
def test_what_comes_in_and_pays_nothing_is_no_fee(books: BankBooks, people: CommandLine, rest: str) -> None:
    statement = books.add_lines({"amount": "231.00"})

    refused = by_hand(people, "max", statement, "--rest", rest)

    assert refused.code == 1
    assert "what comes in and pays nothing is not written off" in refused.err
    assert by_hand(people, "ole", statement, "--rest", "unapplied").code == 0
    books.reconcile()
    assert books.items() == [("unapplied", "231", "open", [])]


def test_a_proposed_fee_beyond_the_tolerance_needs_an_approver(books: BankBooks, people: CommandLine) -> None:
    other = "PL-202610-000003"
    books.rows.add_bill(other, "100.00")
    statement = books.add_lines({"amount": "-160.00", "text": f"{BILL} {other}"})
    books.reconcile()
    assert books.items() == [("proposed", "160", "open", ["fee_beyond_tolerance"])]

    refused = people("match", "confirm", statement, "1", "--proposal", "2", "--as", "ole")

    need = "not_your_step: to write off 40.00 EUR, the rule over-5 needs the role manager"
    assert (refused.code, refused.err) == (1, f"postledger: {need}; ole lacks it (line 1)\n")
    assert (books.paid(), books.parts(statement, state="confirmed")) == ({}, [])
    assert people("match", "confirm", statement, "1", "--proposal", "2", "--as", "max").code == 0
    assert entry_of(people, "match.confirm")[1]["rule"] == "over-5"


def test_an_operator_confirms_what_is_left_unapplied(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-160.00", "text": BILL})
    books.reconcile()

    assert people("match", "confirm", statement, "1", "--proposal", "1", "--as", "ole").code == 0
    assert "rule" not in entry_of(people, "match.confirm")[1]


def test_an_operator_confirms_what_a_run_has_matched(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-105.00", "text": BILL})
    books.reconcile()

    assert people("match", "confirm", statement, "1", "--as", "ole").code == 0
    assert books.parts(statement, state="confirmed") == [("payment", "-100", BILL), ("fee", "-5", None)]


def test_an_operator_confirms_a_fee_within_the_tolerance_of_the_account(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-120.00", "text": BILL, "payee": "456"})
    books.reconcile()
    assert (books.paid(), books.items()) == ({}, [("proposed", "120", "open", ["fee_beyond_tolerance"])])

    assert people("match", "confirm", statement, "1", "--proposal", "2", "--as", "ole").code == 0
    assert books.parts(statement, state="confirmed") == [("payment", "-100", BILL), ("fee", "-20", None)]


def test_a_fee_that_the_bank_names_needs_no_tolerance(books: BankBooks, people: CommandLine) -> None:
    statement = books.add_lines({"amount": "-130.00", "fee": "30.00"})

    assert by_hand(people, "ole", statement, "--bill", BILL, "--rest", "fee").code == 0


@pytest.mark.parametrize("amount", ["0.001", "99.999", "1.00000000000000000000000000000000001", "1e-9999999"])
def test_an_amount_has_no_more_digits_than_its_currency(books: BankBooks, people: CommandLine, amount: str) -> None:
    statement = books.add_lines({"amount": "-100.00"})

    refused = by_hand(people, "max", statement, "--bill", f"{BILL}={amount}")

    assert (refused.code, "more digits than EUR has" in refused.err) == (1, True), refused.err
    assert by_hand(people, "max", statement, "--bill", f"{BILL}=99.990").code == 0


def test_without_rules_everyone_decides_and_it_is_recorded(books: BankBooks, people: CommandLine) -> None:
    books.ledger.execute("UPDATE finance SET approval_rules_version = NULL")
    statement = books.add_lines({"amount": "-600.00", "booked_on": date(2026, 10, 6)})

    assert by_hand(people, "ole", statement, "--rest", "fee").code == 0
    actor, body = entry_of(people, "match.by_hand")
    assert (actor, "write_off_sha256" in body, "rule" in body) == ("ole", True, False)
