"""The report of a month: what is due, what was paid, what differs, and who must act."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.reconciliation.month_report import build_month_report
from postledger.reconciliation.rules.month import Claim, ClassTotal, MonthReport, read_month_report, write_month_report
from tests.parts.mapping import open_ledger
from tests.parts.month import OCTOBER, MonthRows
from tests.parts.sources import add_source


@pytest.fixture
def rows(database: str) -> MonthRows:
    """The rows of a ledger."""
    return MonthRows(database)


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    """A connection to it."""
    with open_ledger(database) as connection:
        yield connection


@pytest.fixture
def acme(database: str, master_key: str) -> int:
    """The id of the source acme."""
    return add_source(database, master_key, "acme")


def test_a_month_without_anything_is_open_and_empty(ledger: Connection[Any]) -> None:
    report = build_month_report(ledger, OCTOBER)

    assert (report.state, report.timezone, report.changed_by) == ("open", "UTC", None)
    assert (report.sources, report.accounts, report.bills, report.items) == ((), (), (), ())


def test_a_report_is_the_same_after_it_was_stored(rows: MonthRows, ledger: Connection[Any], acme: int) -> None:
    rows.add_report(acme, {"amount": "10.00", "transaction_id": "T1"})
    rows.add_item("missing_in_ledger", "10.00", source_id=acme, facts={"network": {"amount": "10.00"}})
    rows.add_bill("PL-202610-000001", "12.340")
    report = build_month_report(ledger, OCTOBER)

    assert read_month_report(write_month_report(report)) == report


def test_the_classes_of_a_run_lead_from_the_ledger_to_the_report(
    rows: MonthRows, ledger: Connection[Any], acme: int
) -> None:
    def count(name: str, conversions: int, worth: str, lines: int, network: str) -> dict[str, object]:
        return {"class": name, "currency": "USD", "number": 1, "stake": "0"} | {
            "conversions": conversions, "ledger": worth, "lines": lines, "network": network,
        }  # fmt: skip

    counts = [
        count("amount_differs", 1, "20", 1, "18.5"), count("duplicate_line", 0, "0", 1, "12"),
        count("matched", 3, "60.25", 4, "60.25"), count("restated", 0, "0", 0, "0"),
    ]  # fmt: skip
    rows.add_run("report", source_id=acme, counts=Jsonb(counts))

    [source] = build_month_report(ledger, OCTOBER).sources

    assert [(each.item_class, each.difference) for each in source.bridge] == [
        ("matched", Decimal(0)), ("amount_differs", Decimal("-1.5")), ("duplicate_line", Decimal(12))
    ]  # fmt: skip
    [totals] = source.totals
    assert (totals.conversions, totals.ledger, totals.matched) == (4, Decimal("80.25"), Decimal("60.25"))
    assert (totals.lines, totals.report, totals.difference) == (6, Decimal("90.75"), Decimal("10.5"))


def test_a_replaced_report_does_not_count(rows: MonthRows, ledger: Connection[Any], acme: int) -> None:
    old = rows.add_report(acme, {"amount": "10.00"})
    new = rows.add_report(acme, {"amount": "12.00"}, replaces=old)
    with ledger.transaction():
        ledger.execute("UPDATE statements SET replaced_at = imported_at WHERE id = %s", (old,))

    [source] = build_month_report(ledger, OCTOBER).sources

    assert source.file is not None
    assert source.file.id == new


def test_work_items_are_summed_by_class_without_those_that_are_gone(
    rows: MonthRows, ledger: Connection[Any], acme: int
) -> None:
    states = {"1.25": "open", "2.00": "resolved", "3.00": "accepted", "4.00": "disputed", "9.00": "gone"}
    for stake, state in states.items():
        rows.add_item("amount_differs", stake, source_id=acme, state=state)

    report = build_month_report(ledger, OCTOBER)

    [total] = report.sources[0].classes
    assert total == ClassTotal("amount_differs", "USD", 4, Decimal("10.25"), 1, Decimal("4.00"), 2, Decimal("5.00"))
    assert (total.open, total.open_stake) == (1, Decimal("1.25"))
    assert [(each.state, each.stake) for each in report.item_totals] == [
        ("open", Decimal("1.25")),
        ("disputed", Decimal("4.00")),
        ("resolved", Decimal("2.00")),
        ("accepted", Decimal("3.00")),
    ]


def test_unsettled_work_items_come_first_the_largest_on_top(
    rows: MonthRows, ledger: Connection[Any], acme: int
) -> None:
    rows.add_item("amount_differs", "50", source_id=acme, state="resolved", resolution="the network agrees")
    rows.add_item("amount_differs", "1", source_id=acme, owner="mia", state="assigned")
    key = rows.add_item("amount_differs", "2", source_id=acme, state="disputed")
    rows.add_note(key, 1, "opened")
    rows.add_note(key, 2, "disputed", "ticket 17")

    items = build_month_report(ledger, OCTOBER).items

    assert [(item.state, item.stake, item.owner, item.note) for item in items] == [
        ("disputed", Decimal(2), None, "ticket 17"),
        ("assigned", Decimal(1), "mia", None),
        ("resolved", Decimal(50), None, "the network agrees"),
    ]


def test_bills_are_due_paid_and_open_by_currency(rows: MonthRows, ledger: Connection[Any]) -> None:
    rows.add_bill("PL-202610-000001", "100.00", "100.00")
    rows.add_bill("PL-202610-000002", "50.00", "20.00")
    rows.add_bill("PL-202610-000003", "70.00", currency="USD")
    rows.add_bill("PL-202610-000004", "5.00", state="cancelled")
    rows.add_receivable("RC-202610-000001", "30.00", "10.00")

    report = build_month_report(ledger, OCTOBER)

    assert [(each.currency, each.due, each.settled, each.open) for each in report.bill_totals] == [
        ("EUR", Decimal(150), Decimal(120), Decimal(30)), ("USD", Decimal(70), Decimal(0), Decimal(70))
    ]  # fmt: skip
    assert [bill.state for bill in report.bills] == ["approved", "partly_paid", "paid"]
    [receivable] = report.receivables
    assert receivable == Claim("RC-202610-000001", "acme", None, "USD", Decimal(30), Decimal(10), "partly_paid")


def test_an_account_is_explained_from_its_opening_to_its_closing(rows: MonthRows, ledger: Connection[Any]) -> None:
    rows.add_account("main")
    first = rows.add_bank_statement(
        "main", {"amount": "-100"}, {"amount": "40"}, {"amount": "-7", "pending": True},
        opening="1000", closing="940", until=date(2026, 10, 15),
    )  # fmt: skip
    rows.add_bank_statement(
        "main", {"amount": "-15", "booked_on": date(2026, 10, 30)}, {"amount": "1", "booked_on": date(2026, 11, 1)},
        opening="940", closing="926", since=date(2026, 10, 16), until=date(2026, 11, 1), number="11",
    )  # fmt: skip
    rows.add_match(first, 1, "-98.50", bill_id=rows.add_bill("PL-202610-000001", "98.50"))
    rows.add_match(first, 1, "-1.50", nth=2, part="fee")
    rows.add_match(first, 2, "40", part="unapplied")

    [account] = build_month_report(ledger, OCTOBER).accounts

    assert (account.opening, account.booked, account.closing) == (Decimal(1000), Decimal(-75), Decimal(925))
    assert (account.proof, account.proof_difference, account.lines) == ("proven", Decimal(0), 3)
    assert [(flow.direction, flow.lines, flow.unexplained) for flow in account.flows] == [
        ("in", 1, Decimal(40)), ("out", 2, Decimal(-15))
    ]  # fmt: skip
    assert [(part.part, part.amount) for part in account.parts] == [
        ("payment", Decimal("-98.50")), ("fee", Decimal("-1.50")), ("unapplied", Decimal(40))
    ]  # fmt: skip
    assert [(entry.amount, [part.number for part in entry.parts]) for entry in account.entries] == [
        (Decimal(-100), ["PL-202610-000001", None]), (Decimal(40), [None]), (Decimal(-15), [])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "proof"),
    [
        ({"opening": "0", "closing": "5"}, "proven"),
        ({"opening": "0", "closing": "6"}, "unproven"),
        ({"opening": "0", "closing": "5", "gap": "gap", "since": date(2026, 10, 2)}, "unproven"),
        ({"opening": "0", "closing": "5", "gap": "gap"}, "proven"),
        ({"proof": "no_balances"}, "no_balances"),
        ({"opening": "0", "closing": "5", "proof": "unproven"}, "unproven"),
    ],
)
def test_an_account_is_as_proven_as_its_statements(
    rows: MonthRows, ledger: Connection[Any], fields: dict[str, Any], proof: str
) -> None:
    rows.add_account("main")
    rows.add_bank_statement("main", {"amount": "5"}, **fields)

    assert build_month_report(ledger, OCTOBER).accounts[0].proof == proof


def test_a_notification_is_proven_by_the_statements_of_its_days(rows: MonthRows, ledger: Connection[Any]) -> None:
    rows.add_account("main")
    notified = {"proof": "no_balances", "format": "camt054", "since": date(2026, 10, 4), "until": date(2026, 10, 4)}
    rows.add_bank_statement("main", {"amount": "-100", "booked_on": date(2026, 10, 4)}, **notified)
    rows.add_bank_statement("main", {"amount": "5"}, opening="1000", closing="905", since=date(2026, 10, 2))

    [account] = build_month_report(ledger, OCTOBER).accounts

    assert (account.opening, account.booked, account.closing) == (Decimal(1000), Decimal(-95), Decimal(905))
    assert account.proof == "proven"


def test_lines_behind_the_last_balance_are_not_proven(rows: MonthRows, ledger: Connection[Any]) -> None:
    rows.add_account("main")
    rows.add_bank_statement("main", {"amount": "5"}, opening="0", closing="5", until=date(2026, 10, 20))
    late = {"proof": "no_balances", "since": date(2026, 10, 21)}
    rows.add_bank_statement("main", {"amount": "-2", "booked_on": date(2026, 10, 30)}, **late)

    [account] = build_month_report(ledger, OCTOBER).accounts

    assert (account.closing, account.proof) == (Decimal(3), "no_balances")


def test_an_account_without_a_statement_is_missing_one(rows: MonthRows, ledger: Connection[Any]) -> None:
    rows.add_account("main")

    [account] = build_month_report(ledger, OCTOBER).accounts

    assert (account.proof, account.opening, account.lines) == ("missing", None, 0)


def test_the_newest_run_that_is_done_is_named(rows: MonthRows, ledger: Connection[Any], acme: int) -> None:
    rows.add_run("report", source_id=acme, state="failed", fault="killed")
    done = rows.add_run("report", source_id=acme)

    report: MonthReport = build_month_report(ledger, OCTOBER)

    assert report.sources[0].run is not None
    assert report.sources[0].run.id == done
    assert len(report.runs) == 2


@pytest.mark.parametrize("item_class", ["usual", "after_lock"])
def test_the_money_of_a_restated_line_counts_once(
    rows: MonthRows, ledger: Connection[Any], acme: int, item_class: str
) -> None:
    def add(name: str, stake: str, **fields: Any) -> None:
        facts = {"class": name} if item_class == "after_lock" else {}
        rows.add_item("after_lock" if facts else name, stake, source_id=acme, facts=facts, **fields)

    conversion, other, line = uuid4(), uuid4(), {"statement_id": uuid4(), "line_no": 7}
    add("amount_differs", "1.00", dedup_key=conversion)
    add("restated", "1.00", dedup_key=conversion)
    add("missing_in_ledger", "5.00", **line)
    add("restated", "3.00", state="assigned", **line)
    add("missing_at_network", "9.00", state="resolved", dedup_key=other)
    add("restated", "9.00", state="disputed", dedup_key=other)
    add("restated", "0.50", dedup_key=uuid4())

    report = build_month_report(ledger, OCTOBER)

    assert [(each.state, each.items, each.stake) for each in report.item_totals] == [
        ("open", 4, Decimal("6.50")),
        ("assigned", 1, Decimal(0)),
        ("disputed", 1, Decimal("9.00")),
        ("resolved", 1, Decimal("9.00")),
    ]
    if item_class == "after_lock":
        (late,) = report.sources[0].classes
        assert (late.items, late.stake, late.open_stake) == (7, Decimal("24.50"), Decimal("6.50"))
        assert (late.disputed, late.disputed_stake) == (late.settled, late.settled_stake) == (1, Decimal("9.00"))
