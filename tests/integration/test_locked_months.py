"""A locked month takes no more lines, whatever happens at the same time or later."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg import Connection

from postledger.finance import remap as remap_module
from postledger.finance.backfill import backfill
from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_changes import Mapper
from postledger.finance.remap import remap
from postledger.ledger.dispatch import dispatch, hold_dispatch
from postledger.ledger.writer import write_entries
from postledger.notifications.announce import announce_requests
from postledger.reconciliation.month_report import build_month_report
from postledger.reconciliation.months import change_month
from postledger.reconciliation.months.change_month import lock_month
from postledger.vocabulary.operator_error import NotPossible
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import FINANCE, RULE, WAITING_FOR_THE_DISPATCHER, configure, load, map_all, open_ledger
from tests.parts.payable import make
from tests.parts.periods import IN_OCTOBER, Months
from tests.parts.waiting import HANGS_AFTER_S, wait_until

TASK = "01a229a7-c6d1-7ef4-bb6a-a64ac4fa9107"
OF_OTHERS = '\n[[expense_rules]]\nslug = "spring"\ncategory = "Another"\namount = "50%"\n'
PAYEE_999 = '\n[[payees]]\nid = "999"\n'


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Books whose October can be locked."""
    return Months(cli, database)


@pytest.fixture
def ledger(months: Months) -> Iterator[Connection[Any]]:
    """A connection to the ledger."""
    with closing(open_ledger(months.url)) as connection:
        yield connection


def receive(url: str, transaction_id: str) -> None:
    """Book a postback of October that no worker has mapped."""
    with closing(open_ledger(url)) as connection:
        entry = entry_of(transaction_id=transaction_id, payout="10", event_time=IN_OCTOBER)
        write_entries(connection, [entry])


def dispatch_once(url: str, before: Callable[[], object] = lambda: None) -> list[Any] | None:
    """Map one batch. `before` is called in its transaction, right before the lines are written."""
    mapper = Mapper(CurrentBooks(lambda: load(url)), lambda *_: None, announce_requests)

    def consume(connection: Connection[Any], changes: Any, now: datetime) -> None:
        books = mapper._books.find(connection)  # the state of the months is known before the lines are written
        assert books is not None
        before()
        mapper(connection, changes, now)

    with closing(open_ledger(url)) as connection:
        return dispatch(connection, [consume])


def test_late_news_belong_to_the_next_month_that_is_not_locked(months: Months) -> None:
    months.book("T1", "T2")
    months.lock("2026-10", "2026-08")
    months.book("T1", status="reversed")
    months.book("T3")
    months.book("T4", at="2026-08-20T12:00:00Z")

    assert months.lines() == [
        ("2026-10", "2026-10", "accrual", "10"), ("2026-10", "2026-10", "accrual", "10"),
        ("2026-11", "2026-10", "adjustment", "-10"), ("2026-11", "2026-10", "accrual", "10"),
        ("2026-09", "2026-08", "accrual", "10"),
    ]  # fmt: skip


def test_late_news_pass_over_all_months_that_are_locked(months: Months) -> None:
    months.book("T1", at="2026-08-20T12:00:00Z")
    months.lock("2026-08", "2026-09", "2026-10")
    months.book("T1", status="reversed")

    assert months.lines()[1:] == [("2026-11", "2026-08", "adjustment", "-10")]


def test_a_closing_month_and_one_that_was_unlocked_take_lines(months: Months) -> None:
    months("close")
    months.book("T1")
    months("lock")
    months.unlock()
    months.book("T2")

    assert [line[:2] for line in months.lines()] == [("2026-10", "2026-10")] * 2


def test_a_lock_waits_for_a_batch_of_the_mapper(months: Months) -> None:
    months("close")
    receive(months.url, "T1")
    locking = threading.Thread(target=months, args=("lock",))

    def lock_meanwhile() -> None:
        locking.start()
        wait_until(lambda: fetch(months.url, WAITING_FOR_THE_DISPATCHER) == [(1,)])

    dispatch_once(months.url, lock_meanwhile)
    locking.join(HANGS_AFTER_S)

    assert months.lines() == [("2026-10", "2026-10", "accrual", "10")]
    assert months.show()["state"] == "locked"


def test_a_batch_waits_while_a_month_is_locked(months: Months, monkeypatch: pytest.MonkeyPatch) -> None:
    months("close")
    receive(months.url, "T1")
    found: list[Any] = []
    build = build_month_report

    def build_meanwhile(connection: Connection[Any], period: date) -> Any:
        found.append(dispatch_once(months.url))
        return build(connection, period)

    monkeypatch.setattr(change_month, "build_month_report", build_meanwhile)
    assert months("lock").code == 0
    map_all(months.url)

    assert found == [None]
    assert months.lines() == [("2026-11", "2026-10", "accrual", "10")]


def test_of_two_who_lock_at_once_one_is_told_that_the_month_is_locked(months: Months) -> None:
    months("close")
    results: list[object] = []

    def lock() -> None:
        with closing(open_ledger(months.url)) as connection:
            try:
                results.append(lock_month(connection, date(2026, 10, 1), "mia").version)
            except NotPossible as refused:
                results.append(str(refused).partition(":")[0])

    with closing(open_ledger(months.url)) as holding, holding.transaction():
        hold_dispatch(holding)
        threads = [threading.Thread(target=lock) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: fetch(months.url, WAITING_FOR_THE_DISPATCHER) == [(2,)])
    for thread in threads:
        thread.join(HANGS_AFTER_S)

    assert sorted(map(str, results)) == ["2", "period_locked"]
    assert len(months.show()["locks"]) == 1


def test_a_remap_sees_that_a_month_was_locked_meanwhile(
    months: Months, ledger: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    months.book("T1", "T2", affiliate_id="999")
    months("close")
    configure(months.cli, FINANCE, PAYEE_999, RULE)
    monkeypatch.setattr(remap_module, "PORTION_CONVERSIONS", 1)

    def lock_after_the_first(done: float, _total: float | None) -> None:
        assert done == 2 or months("lock").code == 0

    remap(ledger, TASK, lock_after_the_first, actor="mia", on_requests=announce_requests)

    assert {line[0] for line in months.lines()[2:4]} == {"2026-10"}
    assert {line[0] for line in months.lines()[4:]} == {"2026-11"}
    assert len(months.lines()) > 4


def test_another_rule_changes_nothing_of_a_locked_month(months: Months) -> None:
    months.book("T1")
    months.lock()
    before = months.show()
    configure(months.cli, FINANCE, OF_OTHERS)
    remapped = months.cli("expenses", "remap", "--as", "mia")

    assert remapped.code == 0, remapped.err
    assert months.lines() == [("2026-10", "2026-10", "accrual", "10")]
    assert months.show() == before


def test_unmapped_money_of_a_locked_month_is_mapped_in_the_next_one(months: Months) -> None:
    months.book("T1", affiliate_id="999")
    months.lock()
    configure(months.cli, FINANCE, PAYEE_999, RULE)
    months.cli("expenses", "remap", "--as", "mia")

    assert [line[:2] for line in months.lines()] == [("2026-10", "2026-10")] + [("2026-11", "2026-10")] * 2


def test_a_backfill_adds_nothing_to_a_locked_month(months: Months, ledger: Connection[Any]) -> None:
    receive(months.url, "T1")
    ledger.execute("DELETE FROM outbox")
    ledger.execute("UPDATE finance SET since = now() + interval '1 second'")
    months.lock()
    backfill(ledger, datetime(2026, 1, 1, tzinfo=UTC), TASK, 1000, lambda *_: None)
    map_all(months.url)

    assert months.lines() == [("2026-11", "2026-10", "accrual", "10")]


def test_lines_of_a_locked_month_are_billed_and_what_is_late_is_on_the_next_bill(months: Months) -> None:
    months.book("T1", "T2")
    months.lock()
    before = months.show()
    [october] = make(months.cli)
    months.book("T1", status="reversed")
    months.book("T3", payout="12")
    [november] = make(months.cli)
    cancelled = months.cli("bills", "cancel", october["number"], "--as", "mia")

    assert (october["period"], october["amount"]) == ("2026-10-01", "20.00")
    assert (november["period"], november["amount"]) == ("2026-11-01", "2.00")
    assert (cancelled.code, months.show()) == (0, before)


def test_finance_check_finds_what_was_changed_by_hand(months: Months, ledger: Connection[Any]) -> None:
    months.book("T1")
    months.lock("2026-09", "2026-10")
    in_order = months.cli("finance", "check")
    ledger.execute("ALTER TABLE expense_lines DISABLE TRIGGER USER")
    ledger.execute("ALTER TABLE locked_reports DISABLE TRIGGER USER")
    ledger.execute("UPDATE expense_lines SET created_at = now() + interval '1 second'")
    ledger.execute("""UPDATE locked_reports SET report = report || '{"bills": []}', sha256 = 'another'""")
    ledger.execute("DELETE FROM locked_reports WHERE period = '2026-09-01'")

    found = json.loads(months.cli("finance", "check", "--json").out)

    assert in_order.code == 0, in_order.out
    assert [each["why"][:36] for each in found["locked_months_take_no_lines"]] == [
        "2026-10 is locked, and took a line a"
    ]
    assert [each["period"] for each in found["kept_reports_unchanged"]] == ["2026-09", "2026-10"]
