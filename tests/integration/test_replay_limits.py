"""A replay beyond a limit waits as one item: all of it for too much money, its reversals for too many of them."""

import re
from decimal import Decimal

import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import PastLedger
from tests.parts.sources import add_click

CONVERSIONS = "SELECT transaction_id, status, payout FROM conversions ORDER BY transaction_id"
MAPPED = ("reversal_guard = 2", "[sources.statuses]", 'reversed = ["chargeback"]')
GO = ("replay", "--since", "7h", "--go", "--yes")


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    past = PastLedger(cli)
    past.apply()
    return past


@pytest.fixture
def parked(past: PastLedger, database: str) -> str:
    """The id of a replay of a thousand dollars and a cent."""
    past.get("click_id=C1&transaction_id=T1&payout=1000.01")
    add_click(database, "C1")
    refused = past.cli(*GO, "1")
    found = re.search(r"To book it: postledger replay release (\S+) --yes 1; to drop it: ", refused.err)
    assert (refused.code, found is not None) == (1, True), refused.err
    assert "this would move 1000.01 USD, more than POSTLEDGER_REPLAY_LIMIT (1000); nothing was booked." in refused.err
    assert found is not None
    return found[1]


def test_more_money_than_the_limit_waits(past: PastLedger, parked: str, database: str) -> None:
    (listed,) = past.cli("replay", "list", "--json").facts
    resumed = past.cli("replay", "--resume", parked)
    shown = past.cli("replay", "show", parked)

    assert (listed["id"], listed["state"], listed["rows"], listed["booked"]) == (parked, "parked", 1, 0)
    assert (resumed.code, f"waits for a decision: postledger replay release {parked}" in resumed.err) == (1, True)
    assert "refused → accepted     1           +1  +1000.01 USD" in shown.out
    assert f"postledger replay release {parked} --yes 1\n" in shown.err
    assert fetch(database, CONVERSIONS) == []


def test_what_waits_is_booked_when_it_is_released(past: PastLedger, parked: str, database: str) -> None:
    wrong = past.cli("replay", "release", parked, "--yes", "2")
    released = past.cli("replay", "release", parked, "--yes", "1", "--json").facts
    again = past.cli("replay", "release", parked, "--yes", "1")

    assert "2 is not the number of postbacks to book; nothing was booked." in wrong.err
    assert (released["state"], released["booked"], released["rows"]) == ("done", 1, 1)
    assert (again.code, f"replay {parked} does not wait for a decision: it is done" in again.err) == (1, True)
    assert fetch(database, CONVERSIONS) == [("T1", "approved", Decimal("1000.01"))]


def test_what_would_book_something_else_now_is_not_released(past: PastLedger, database: str) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=1000.01")
    past.get("click_id=C2&transaction_id=T2&payout=900000")
    add_click(database, "C1")
    past.cli(*GO, "1")
    (parked,) = past.cli("replay", "list", "--json").facts
    add_click(database, "C2")

    ran = past.cli("replay", "release", parked["id"], "--yes", "1")

    assert (ran.code, "it would book 2 postbacks now, or other money" in ran.err) == (1, True), ran.err
    assert fetch(database, CONVERSIONS) == []


def test_money_that_is_added_and_taken_is_not_nothing(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    for number in range(2):
        past.get(f"click_id=C1&transaction_id=T{number}&payout=5000&status=pending")
    past.get("click_id=C1&transaction_id=T0&payout=1&status=won")
    past.get("click_id=C1&transaction_id=T1&payout=9999&status=won")
    past.apply("[sources.statuses]", 'approved = ["won"]')

    ran = past.cli(*GO, "2")

    assert (ran.code, "this would move 9998 USD, more than" in ran.err) == (1, True), ran.err


def test_what_is_discarded_is_never_booked(past: PastLedger, parked: str, database: str) -> None:
    past.cli("replay", "discard", parked)

    resumed = past.cli("replay", "--resume", parked)
    (listed,) = past.cli("replay", "list", "--json").facts

    assert (resumed.code, f"replay {parked} was discarded" in resumed.err) == (1, True)
    assert (listed["state"], fetch(database, CONVERSIONS)) == ("discarded", [])


def test_a_higher_limit_books_it_at_once(past: PastLedger, database: str) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=1000.01")
    add_click(database, "C1")
    past.cli.environment["POSTLEDGER_REPLAY_LIMIT"] = "1000.01"

    assert past.book()["booked"] == 1


def test_each_decision_is_in_the_audit_chain(past: PastLedger, parked: str, database: str) -> None:
    past.cli("replay", "release", parked, "--yes", "1")

    actions = "SELECT action, subject FROM audit_log WHERE action LIKE 'replay.%%' ORDER BY seq"
    assert fetch(database, actions) == [("replay.park", "all sources"), ("replay.release", parked)]


def test_the_reversals_of_one_replay_are_released_together(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    for number in range(4):
        past.get(f"click_id=C1&transaction_id=T{number}&payout=10")
    late = [past.get(f"click_id=C1&transaction_id=T{number}&status=chargeback").receipt for number in range(3)]
    past.apply(*MAPPED)
    replay = past.book("--receipts", past.cli.write("late.txt", "\n".join(late)))["id"]
    past.apply("reversal_guard = 0", *MAPPED[1:])
    past.get("click_id=C1&transaction_id=T3&status=chargeback")

    parked = past.cli("conversions", "parked", "--json").facts
    of_replay = past.cli("conversions", "parked", "--replay", replay, "--json").facts
    released = past.cli("conversions", "release", "--replay", replay, "--json").facts

    assert [one["replay"] for one in parked] in ([replay] * 3 + [None], [None] + [replay] * 3)
    assert ([one["replay"] for one in of_replay], released) == ([replay] * 3, {"updated": 3})
    assert [status for _, status, _ in fetch(database, CONVERSIONS)] == ["reversed"] * 3 + ["approved"]
    assert past.cli("replay", "show", replay).out.endswith(f"postledger conversions parked --replay {replay}\n")


def test_what_is_no_replay_is_named(past: PastLedger) -> None:
    ran = past.cli("conversions", "release", "--replay", "nonsense")

    assert (ran.code, ran.err) == (1, "postledger: nonsense is not the id of a replay; run: postledger replay list\n")
