"""People approve bills that a rule names, and a changed bank account stops a bill that was approved."""

from typing import Any

import pytest

from tests.parts.asked import OVER_100, PAYEE_CHANGE, configure_rules
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.payable import book, items_of, make, told
from tests.parts.sources import add_click

LARGE_BILLS = """
[[approval_rules]]
slug = "large-bills"
on = "bill"
over = { USD = "1000.00" }
steps = ["manager"]
"""
IBANS = ("DE89370400440532013000", "GB82WEST12345698765432")


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def waiting(cli: CommandLine) -> list[dict[str, Any]]:
    """The requests that wait."""
    return list(cli("approvals", "list", "--state", "waiting", "--json").facts)


def approve_all(cli: CommandLine, login: str) -> None:
    """Approve everything that waits."""
    ids = [request["id"] for request in waiting(cli)]
    ran = cli("approvals", "approve", *ids, "--as", login)
    assert ran.code == 0, ran.err


def state_of(cli: CommandLine, bill: dict[str, Any]) -> str:
    return str(cli("bills", "show", bill["number"], "--json").facts["state"])


def set_account(cli: CommandLine, iban: str, login: str) -> None:
    """Import another bank account of payee 456."""
    path = cli.write("payees.csv", f"id,iban\n456,{iban}\n".encode())
    assert cli("payees", "import", path, "--as", login).code == 0


def test_a_bill_over_a_threshold_waits_for_a_manager(cli: CommandLine, database: str) -> None:
    configure_rules(cli, LARGE_BILLS)
    book(database, "T1", payout="1000")
    (small,) = make(cli)
    book(database, "T2", payout="1000.01")

    (large,) = make(cli, "--as", "mia")
    (request,) = waiting(cli)
    own = cli("approvals", "approve", request["id"], "--as", "mia")
    before = cli("bills", "list", "--json").facts[0]
    other = cli("approvals", "approve", request["id"], "--as", "max")

    assert (small["state"], small["approved_by_rule"]) == ("approved", "large-bills")
    assert (large["state"], large["approved_by_rule"]) == ("waiting", None)
    assert (request["subject"], request["subject_id"], request["amount"]) == ("bill", large["id"], "1000.01")
    assert (before["state"], before["waiting_request"]) == ("waiting", request["id"])
    assert "four_eyes" in own.err
    assert other.code == 0
    assert state_of(cli, large) == "approved"
    (traced,) = cli("trace", "T2", "--json").facts["conversions"]
    assert [(each["id"], each["decisions"][0]["decided_by"]) for each in traced["approvals"]] == [
        (request["id"], "max")
    ]


def test_a_currency_without_a_threshold_is_judged_in_the_base_currency(cli: CommandLine, database: str) -> None:
    configure_rules(cli, LARGE_BILLS)
    fetch(database, "INSERT INTO rates VALUES ('EUR', 'USD', current_date, 1.2, 'ecb', now()) RETURNING 1")
    book(database, "T1", payout="800", currency="EUR")
    (small,) = make(cli)
    book(database, "T2", payout="900", currency="EUR")
    (large,) = make(cli)

    assert (small["currency"], small["state"], large["state"]) == ("EUR", "approved", "waiting")


def test_scenario_07_with_a_decision(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "T1", payout="150")
    assert make(cli) == []
    approve_all(cli, "mia")
    book(database, "R1", reverses="T1", payout="-60", status="reversed")

    (bill,) = make(cli)
    fetch(database, "UPDATE bills SET state = 'exported' RETURNING 1")
    book(database, "R2", reverses="T1", payout="-60", status="reversed")
    (after,) = make(cli)

    assert told(bill) == ("90", "0", "90", "0", "approved")
    assert told(after) == ("-60", "0", "0", "-60", "carried")
    assert state_of(cli, bill) == "exported"


def test_scenario_14_bank_account_changed_before_payment(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE, LARGE_BILLS)
    approve_all(cli, "mia")
    set_account(cli, IBANS[0], "max")
    approve_all(cli, "mia")
    book(database, "T1", payout="50")
    (small,) = make(cli)
    book(database, "T2", payout="2000")
    (large,) = make(cli)
    approve_all(cli, "mia")
    assert [state_of(cli, bill) for bill in (small, large)] == ["approved", "approved"]

    set_account(cli, IBANS[1], "max")
    stopped = [state_of(cli, bill) for bill in (small, large)]
    asked = sorted(request["subject"] for request in waiting(cli))
    himself = cli("approvals", "approve", *(request["id"] for request in waiting(cli)), "--as", "max")
    still = [state_of(cli, bill) for bill in (small, large)]
    approve_all(cli, "mia")

    assert stopped == still == ["waiting", "waiting"]
    assert asked == ["bill", "payee_change"]
    assert himself.code != 0
    assert "four_eyes" in himself.err
    assert [state_of(cli, bill) for bill in (small, large)] == ["approved", "approved"]


def test_a_rejected_change_of_the_account_keeps_the_bill(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE)
    approve_all(cli, "mia")
    book(database, "T1")
    (bill,) = make(cli)
    set_account(cli, IBANS[0], "max")
    (change,) = waiting(cli)

    assert cli("approvals", "reject", change["id"], "--as", "mia").code == 0

    assert state_of(cli, bill) == "waiting"
    set_account(cli, IBANS[1], "max")
    approve_all(cli, "mia")
    assert state_of(cli, bill) == "approved"


def test_an_account_that_changes_while_a_bill_waits_is_asked_again(cli: CommandLine, database: str) -> None:
    configure_rules(cli, LARGE_BILLS)
    book(database, "T1", payout="2000")
    (bill,) = make(cli)
    (before,) = waiting(cli)

    set_account(cli, IBANS[0], "max")
    (after,) = waiting(cli)
    old = cli("approvals", "approve", before["id"], "--as", "mia")

    assert before["id"] != after["id"]
    assert "content_changed" in old.err
    assert state_of(cli, bill) == "waiting"


def test_a_bill_that_is_rejected_can_be_cancelled_and_made_again(cli: CommandLine, database: str) -> None:
    configure_rules(cli, LARGE_BILLS)
    book(database, "T1", payout="2000")
    (bill,) = make(cli)
    (request,) = waiting(cli)
    cli("approvals", "reject", request["id"], "--as", "mia")
    rejected = state_of(cli, bill)

    assert cli("bills", "cancel", bill["number"]).code == 0
    (again,) = make(cli)

    assert rejected == "waiting"
    assert told(again) == ("2000", "0", "2000", "0", "waiting")
    assert len(waiting(cli)) == 1
    assert items_of(database, again["number"]) == 1


def test_the_request_of_a_cancelled_bill_ends(cli: CommandLine, database: str) -> None:
    configure_rules(cli, LARGE_BILLS)
    book(database, "T1", payout="2000")
    (bill,) = make(cli)
    (request,) = waiting(cli)

    cli("bills", "cancel", bill["number"])
    ran = cli("approvals", "approve", request["id"], "--as", "mia")

    assert waiting(cli) == []
    assert "content_changed" in ran.err
    assert state_of(cli, bill) == "cancelled"
