"""A new payee and a changed bank account wait for a second person, and what waits for the payee is asked again."""

import getpass
from typing import Any

import pytest

from tests.parts.asked import OVER_100, PAYEE_CHANGE, book, configure_rules, payable, requests_of, settle
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.sources import add_click

IBANS = ("DE89370400440532013000", "GB82WEST12345698765432")


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def set_account(cli: CommandLine, iban: str, *options: str) -> None:
    """Import the bank account of payee 456."""
    path = cli.write("payees.csv", f"id,iban\n456,{iban}\n".encode())
    assert cli("payees", "import", path, *options).code == 0


def states(url: str, subject: str) -> list[str]:
    return [request["state"] for request in requests_of(url) if request["subject"] == subject]


def test_a_new_payee_is_paid_after_a_second_person_has_approved(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE)
    book(database, "50")

    (request,) = requests_of(database)

    assert (request["subject"], request["subject_id"], request["payee"], request["amount"], request["rule"]) == (
        "payee_change", "456", "456", None, "payees",
    )  # fmt: skip
    assert request["created_by"] == getpass.getuser()
    assert payable(database) == "None"
    settle(database, "approved")
    assert payable(database) == "50"


def test_a_changed_account_stops_the_payee_until_it_is_approved(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE)
    settle(database, "approved")
    book(database, "50")
    set_account(cli, IBANS[0], "--as", "mia")
    set_account(cli, IBANS[0], "--as", "max")  # the same again: nothing changed

    assert states(database, "payee_change") == ["approved", "waiting"]
    assert requests_of(database)[-1]["created_by"] == "mia"
    assert payable(database) == "None"
    set_account(cli, IBANS[1], "--as", "max")
    assert states(database, "payee_change") == ["approved", "superseded", "waiting"]
    settle(database, "approved")
    assert payable(database) == "50"


def test_a_rejected_account_stays_stopped_until_another_one_is_approved(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE)
    book(database, "50")
    settle(database, "rejected")
    assert payable(database) == "None"

    set_account(cli, IBANS[0])
    settle(database, "approved")

    assert states(database, "payee_change") == ["superseded", "approved"]
    assert payable(database) == "50"


def facts(request: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(request[key] for key in ("subject_id", "rule", "steps", "amount", "currency", "payee", "lines"))


def test_what_waits_for_a_payee_is_asked_again_with_the_new_account(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "150")

    set_account(cli, IBANS[0])

    before, after = requests_of(database)
    assert [before["state"], after["state"]] == ["superseded", "waiting"]
    assert facts(before) == facts(after)
    assert before["content_sha256"] != after["content_sha256"]
    assert fetch(database, "SELECT count(*) FROM approvals WHERE subject = 'payee_change'") == [(0,)]


def test_a_dry_run_asks_no_one(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE)

    set_account(cli, IBANS[0], "--dry-run")

    assert states(database, "payee_change") == ["waiting"]
