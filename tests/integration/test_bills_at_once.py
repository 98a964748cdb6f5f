"""Bills are right whatever happens at the same time: other commands, changes of a payee, a crash."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest

from postledger.finance.bills import make_bills as module
from postledger.finance.bills.cancel_bills import cancel_bills
from postledger.finance.bills.make_bills import Wanted, make_bills
from tests.parts.asked import PAYEE_CHANGE, configure_rules
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, configure, open_ledger
from tests.parts.payable import SMALL_BILLS, book, make
from tests.parts.sources import add_click
from tests.parts.waiting import HANGS_AFTER_S, wait_until

WAITING = """
    SELECT count(*)::integer FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def ignore(*_: Any) -> None:
    """Announce nothing, and show no progress."""


def make_with(connection: psycopg.Connection[Any]) -> int:
    return len(make_bills(connection, Wanted(), "test", ignore, on_requests=ignore, dry_run=False))


def run_beside(url: str, work: Callable[[psycopg.Connection[Any]], object]) -> tuple[threading.Thread, list[Any]]:
    """Run something on a connection of its own, in a thread, and give what it will return."""
    results: list[Any] = []

    def run() -> None:
        with closing(open_ledger(url)) as connection:
            results.append(work(connection))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_two_commands_at_once_bill_each_line_once(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE + SMALL_BILLS)
    book(database, "T1", "T2")

    beside = [run_beside(database, make_with) for _ in range(3)]
    for thread, _ in beside:
        thread.join(HANGS_AFTER_S)

    assert sorted(number for _, results in beside for number in results) == [0, 0, 1]
    assert fetch(database, "SELECT count(*)::integer FROM bill_items") == [(2,)]


def test_a_bill_waits_for_a_change_of_its_payee_that_is_under_way(cli: CommandLine, database: str) -> None:
    configure_rules(cli, PAYEE_CHANGE)
    fetch(database, "UPDATE approvals SET state = 'approved', settled_at = now() RETURNING 1")
    book(database, "T1")
    with closing(open_ledger(database)) as changing, changing.transaction():
        changing.execute("UPDATE payees SET bank_account_hash = 'new', updated_at = now()")
        changing.execute(
            "INSERT INTO approvals SELECT gen_random_uuid(), subject, subject_id, rule, rule_version, payee, amount,"
            " currency, created_by, 0, steps, 'waiting', 'new', now(), NULL, NULL FROM approvals"
        )
        thread, results = run_beside(database, make_with)
        wait_until(lambda: fetch(database, WAITING) == [(1,)])
    thread.join(HANGS_AFTER_S)

    assert results == [0]


def test_a_run_that_dies_leaves_no_half_of_a_bill(
    cli: CommandLine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(cli, FINANCE + SMALL_BILLS)
    book(database, "T1")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying, closing(open_ledger(database)) as connection:
        dying.setattr(module, "append_all", die)
        with pytest.raises(KeyboardInterrupt):
            make_with(connection)

    assert fetch(database, "SELECT count(*)::integer FROM bills") == [(0,)]
    assert len(make(cli)) == 1


def test_two_cancel_a_bill_and_one_is_told(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE + SMALL_BILLS)
    book(database, "T1")
    (bill,) = make(cli)

    def cancel(connection: psycopg.Connection[Any]) -> str:
        try:
            return cancel_bills(connection, [bill["number"]], "test")[0]
        except Exception as error:
            return str(error)

    beside = [run_beside(database, cancel) for _ in range(2)]
    for thread, _ in beside:
        thread.join(HANGS_AFTER_S)

    assert sorted(str(result) for _, results in beside for result in results) == sorted(
        [bill["number"], f"bill {bill['number']} is cancelled already; leave it out"]
    )
