"""Books that are closed and opened again: conversions with lines are followed whatever the start is."""

import pytest

from postledger.ledger.writer import write_entries
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import FINANCE, RULE, configure, lines_of, map_all, open_ledger
from tests.parts.sources import add_click

CLOSED = FINANCE[: FINANCE.index("[finance]")]
LINE = ("accrual", "0.50", "USD", "456", None)
TAKEN_BACK = ("adjustment", "-0.50", "USD", "456", None)


@pytest.fixture(autouse=True)
def booked(cli: CommandLine, database: str) -> None:
    """A postback whose line is written, in open books."""
    add_click(database, "C1", None, "456")
    configure(cli)
    book(database)
    map_all(database)
    assert lines_of(database) == [LINE]


def book(url: str, status: str = "approved") -> None:
    with open_ledger(url) as ledger:
        write_entries(ledger, [entry_of(transaction_id="T1", payout="0.50", status=status)])


def close(cli: CommandLine) -> None:
    assert cli("apply", cli.write("closed.toml", CLOSED), "--prune", "--yes").code == 0


def reopen(cli: CommandLine) -> str:
    """Open the books again, and return the warnings."""
    ran = cli("apply", cli.write("again.toml", FINANCE + RULE))
    assert ran.code == 0, ran.err
    return ran.err


def test_a_conversion_with_lines_is_followed_after_the_books_open_again(cli: CommandLine, database: str) -> None:
    close(cli)
    reopen(cli)
    book(database, "reversed")

    map_all(database)

    assert lines_of(database) == [LINE, TAKEN_BACK]
    assert cli("finance", "check").code == 0


def test_changes_while_the_books_were_closed_are_missed_and_backfilled(cli: CommandLine, database: str) -> None:
    ((day,),) = fetch(database, "SELECT (created_at AT TIME ZONE 'UTC')::date::text FROM expense_lines")
    close(cli)
    fetch(database, "UPDATE conversions SET created_at = created_at - interval '10 days' RETURNING 1")
    book(database, "reversed")
    map_all(database)
    warnings = reopen(cli)

    checked = cli("finance", "check")
    backfilled = cli("expenses", "backfill", "--since", day, "--json").facts
    map_all(database)

    assert f"run postledger expenses backfill --since {day}" in warnings
    assert "its lines sum to 0.50 USD, and it is worth 0 USD" in checked.out
    assert backfilled["conversions"] == 1
    assert backfilled["since"].startswith(day)
    assert lines_of(database) == [LINE, TAKEN_BACK]
    assert cli("finance", "check").code == 0


def test_only_books_that_open_again_are_warned_of(cli: CommandLine) -> None:
    assert "backfill" not in reopen(cli)


def test_another_base_currency_is_warned_of_if_there_are_lines(cli: CommandLine) -> None:
    ran = cli("apply", cli.write("euro.toml", FINANCE.replace('base_currency = "USD"', 'base_currency = "EUR"') + RULE))

    assert ran.code == 0
    assert "finance.base_currency: the lines so far keep their base amounts in USD" in ran.err
