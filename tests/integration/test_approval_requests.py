"""From booked postbacks to requests: what the mapper approves by rule, and what it asks people."""

from datetime import timedelta
from decimal import Decimal

import pytest

from postledger.ledger.writer import write_entries
from tests.parts.asked import A_DAY, OVER_100, book, configure_rules, payable, requests_of, settle
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import map_all, open_ledger
from tests.parts.sources import add_click

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
