"""From booked postbacks to requests: what the mapper approves by rule, and what it asks people."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from threading import Thread

import pytest

from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_changes import Mapper
from postledger.ledger.dispatch import dispatch
from postledger.ledger.writer import write_entries
from postledger.notifications.announce import announce_requests
from tests.parts.asked import A_DAY, OVER_100, book, configure_rules, payable, requests_of, settle
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import (
    FINANCE,
    RULE,
    WAITING_FOR_THE_DISPATCHER,
    configure,
    hand_over_everything,
    load,
    map_all,
    open_ledger,
)
from tests.parts.sources import add_click
from tests.parts.waiting import wait_until

RATES = (("USD", "1.1"), ("THB", "38"))


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def approved_by(url: str) -> list[str | None]:
    rows = fetch(url, "SELECT approved_by_rule FROM expense_lines ORDER BY created_at, dedup_key, seq")
    return [rule for (rule,) in rows]


def test_scenario_02_over_100(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "100.00", "T1")
    book(database, "100.01", "T2")
    book(database, "100.01", "T3", currency="THB")  # neither a threshold nor a rate

    assert approved_by(database) == ["over-100", None, None]
    request, without_rate = requests_of(database)
    assert (without_rate["amount"], without_rate["currency"], without_rate["state"]) == (
        Decimal("100.01"), "THB", "waiting",
    )  # fmt: skip
    assert (request["subject"], request["amount"], request["currency"], request["payee"]) == (
        "line", Decimal("100.01"), "USD", "456",
    )  # fmt: skip
    assert (request["rule"], request["steps"], request["step"], request["state"], request["lines"]) == (
        "over-100", ["manager"], 0, "waiting", 1,
    )  # fmt: skip
    assert request["remind_at"] - request["created_at"] == timedelta(days=2)
    assert payable(database) == "100.00"
    settle(database, "approved")
    assert payable(database) == "200.01"
    # 100.01 baht are 3 dollars, which needs no one.
    values = ", ".join(f"('EUR', '{currency}', current_date, {rate}, 'ecb', now())" for currency, rate in RATES)
    fetch(database, f"INSERT INTO rates VALUES {values} RETURNING 1")
    assert cli("expenses", "remap").code == 0
    assert payable(database) == "300.02"


def test_scenario_03_split(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100, A_DAY)
    for number in range(10):
        book(database, "99", f"T{number}")
    assert (requests_of(database), payable(database)) == ([], "990")

    book(database, "99", "eleventh")
    (eleventh,) = requests_of(database)
    with open_ledger(database) as ledger:
        write_entries(ledger, [entry_of(transaction_id=f"L{number}", payout="99") for number in range(29)])
    map_all(database)

    assert (eleventh["subject"], eleventh["amount"], eleventh["lines"]) == ("payee_day", Decimal(1089), 11)
    superseded, waiting = requests_of(database)
    assert (superseded["id"], superseded["state"]) == (eleventh["id"], "superseded")
    assert (waiting["amount"], waiting["lines"], waiting["state"]) == (Decimal(3960), 40, "waiting")
    assert payable(database) == "None"
    settle(database, "approved")
    assert payable(database) == "3960"
    assert fetch(database, "SELECT amount, payee FROM payee_days") == [(Decimal(3960), "456")]


def test_scenario_06_refund_before_approval(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "150")
    (old,) = requests_of(database)

    change_payout(database, "90")
    map_all(database)

    before, after = requests_of(database)
    assert (before["id"], before["state"], before["amount"]) == (old["id"], "superseded", Decimal(150))
    assert (after["state"], after["amount"], after["lines"]) == ("waiting", Decimal(90), 2)
    page = cli("approvals", "approve", str(old["id"]), "--as", "mia")
    assert page.code == 1
    assert "content_changed" in page.err
    assert payable(database) == "None"
    assert cli("approvals", "approve", str(after["id"]), "--as", "mia").code == 0
    assert payable(database) == "90"


def change_payout(url: str, payout: str) -> None:
    """Change what all conversions pay, and hand them over."""
    fetch(url, "UPDATE conversions SET payout = %s, revision = coalesce(revision, 1) + 1 RETURNING 1", (payout,))
    hand_over_everything(url)


def test_a_line_is_not_billed_while_a_mapper_asks_people_about_it(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "80")
    change_payout(database, "120")
    mapper = Mapper(CurrentBooks(lambda: load(database)), lambda *_: None, announce_requests)
    billing = Thread(target=cli.process, args=("bills", "make"))

    def make_bills(*_: object) -> None:
        billing.start()
        wait_until(lambda: fetch(database, WAITING_FOR_THE_DISPATCHER) == [(1,)], what="the wait of bills make")

    with open_ledger(database) as ledger:
        dispatch(ledger, [mapper, make_bills])
    billing.join()

    assert fetch(database, "SELECT count(*) FROM bill_items") == [(0,)]
    assert [request["amount"] for request in requests_of(database)] == [Decimal(120)]


def test_what_is_billed_is_not_asked_about_when_more_money_comes(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "80")
    assert cli("bills", "make").code == 0

    change_payout(database, "120")
    map_all(database)

    (request,) = requests_of(database)
    assert (request["amount"], request["lines"]) == (Decimal(40), 1)
    assert not any(cli("finance", "check", "--json").facts.values())


def test_a_remap_asks_others_than_who_remaps(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    book(database, "150")
    configure(cli, FINANCE, RULE.replace("100%", "90%"), OVER_100)

    ran = cli("expenses", "remap", "--as", "mia")

    before, after = requests_of(database)
    assert (ran.code, before["state"], before["created_by"]) == (0, "superseded", None)
    assert (after["amount"], after["created_by"], after["state"]) == (Decimal(135), "mia", "waiting")
    refused = cli("approvals", "approve", str(after["id"]), "--as", "mia")
    assert "four_eyes" in refused.err
    assert cli("approvals", "approve", str(after["id"]), "--as", "max").code == 0
    assert payable(database) == "135"


def test_new_requests_are_announced_in_their_transaction(cli: CommandLine, database: str) -> None:
    configure_rules(cli, OVER_100)
    made: list[str] = []
    book(database, "50")
    change_payout(database, "101")

    def note(_connection: object, approvals: Sequence[str], _now: object) -> None:
        made.extend(approvals)

    mapper = Mapper(CurrentBooks(lambda: load(database)), lambda *_: None, note)
    with open_ledger(database) as ledger:
        dispatch(ledger, [mapper])

    assert made == [str(request["id"]) for request in requests_of(database)]


def test_a_superseded_day_leaves_its_lines_to_the_next_request(cli: CommandLine, database: str) -> None:
    configure_rules(cli, A_DAY)
    for number in range(3):
        book(database, "600", f"T{number}")

    superseded, waiting = requests_of(database)

    assert (superseded["lines"], waiting["lines"]) == (0, 3)
    assert superseded["content_sha256"] != waiting["content_sha256"]
