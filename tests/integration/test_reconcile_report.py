"""Each line of a report and each conversion of its month is in one class, with the money at stake."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from tests.parts.reconciling import IMPORTED, NOON, Books, classes, days, line, open_books

NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """A ledger with the source acme."""
    with open_books(database) as books:
        yield books


def test_lines_are_matched_by_transaction_id(books: Books) -> None:
    books.sale("T-1", "12.50")
    books.report(line("T-1", "12.50"))

    run = books.reconcile()

    assert classes(run) == {"matched": ("1", "0")}
    assert run[0] == {
        "class": "matched", "currency": "USD", "number": 1, "stake": "0", "conversions": 1, "ledger": "12.5",
        "lines": 1, "network": "12.5",
    }  # fmt: skip
    assert books.items() == []


def test_each_difference_has_its_class_and_stake(books: Books) -> None:
    for number in range(1, 7):
        books.sale(f"T-{number}", f"{number}0.00")
    books.report(
        line("T-1", "10.00"),
        line("T-2", "19.00"),
        line("T-3", "30.00", currency="EUR"),
        line("T-4", "40.00", status="rejected"),
        line("T-5", "50.00", status="pending"),
        line("T-7", "70.00"),
    )

    run = books.reconcile()

    assert classes(run) == {
        "matched": ("1", "0"),
        "amount_differs": ("1", "1"),
        "currency_differs": ("1", "30"),
        "status_differs": ("2", "90"),
        "missing_at_network": ("1", "60"),
        "missing_in_ledger": ("1", "70"),
    }
    assert books.items() == [
        ("amount_differs", "1", "open"),
        ("currency_differs", "30", "open"),
        ("missing_at_network", "60", "open"),
        ("missing_in_ledger", "70", "open"),
        ("status_differs", "40", "open"),
        ("status_differs", "50", "open"),
    ]


def test_scenario_24_negative_lines(books: Books) -> None:
    books.sale("T-1", "15.00")
    books.sale("T-2", "8.00")
    books.report(
        line("T-1", "20.00"), line("T-1", "-5.00", at=NOON + days(2)), line("T-2", "8.00"), line("T-2", "8.00")
    )

    run = books.reconcile()

    assert classes(run) == {"matched": ("2", "0"), "duplicate_line": ("1", "8")}
    assert books.items() == [("duplicate_line", "8", "open")]


def test_scenario_22_network_report_in_utc_8(books: Books) -> None:
    at = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    books.sale("T-1", "20.00", at=at)
    books.report(line("T-0", "1.00", status="rejected"), timezone="Asia/Singapore")
    books.report(
        line("T-1", "20.00", at=at), period=NOVEMBER, imported_at=IMPORTED + days(30), timezone="Asia/Singapore"
    )

    october, november = books.reconcile(), books.reconcile(NOVEMBER)

    assert classes(october) == {"no_money": ("1", "0"), "other_period": ("1", "20")}
    assert classes(november) == {"other_period": ("1", "20")}
    assert books.items() == [("other_period", "20", "open")] * 2


def test_a_sale_of_the_reports_month_that_it_lacks_is_missing(books: Books) -> None:
    books.sale("T-1", "20.00", at=datetime(2026, 9, 30, 20, tzinfo=UTC))
    books.report(line("T-2", "1.00", status="rejected"), timezone="Asia/Singapore")

    assert classes(books.reconcile())["missing_at_network"] == ("1", "20")


def test_scenario_25_network_restates(books: Books) -> None:
    for number in range(1, 6):
        books.sale(f"T-{number}", f"{number}0.00")
    books.report(*[line(f"T-{number}", f"{number}1.00") for number in range(1, 6)])
    books.reconcile()
    books.connection.execute(
        "UPDATE discrepancies SET state = 'resolved', resolution = 'they will pay', settled_facts_sha256 = facts_sha256"
        " WHERE facts ->> 'transaction_id' IN ('T-1', 'T-2')"
    )
    books.connection.execute(
        "INSERT INTO discrepancy_notes SELECT key, 2, now(), 'anna', 'note', 'asked them' FROM discrepancies"
        " WHERE facts ->> 'transaction_id' = 'T-1'"
    )

    books.report(
        *[line(f"T-{number}", f"{number}0.50") for number in (1, 2, 3)], line("T-4", "41.00"),
        imported_at=IMPORTED + days(1),
    )  # fmt: skip
    books.reconcile()

    assert books.items() == [
        ("amount_differs", "0.5", "open"),
        ("amount_differs", "0.5", "open"),
        ("amount_differs", "0.5", "open"),
        ("amount_differs", "1", "open"),
        ("missing_at_network", "50", "open"),
        ("restated", "0.5", "open"),
        ("restated", "0.5", "open"),
        ("restated", "0.5", "open"),
        ("restated", "51", "open"),
    ]
    rows = books.connection.execute(
        "SELECT action, note FROM discrepancy_notes JOIN discrepancies USING (key)"
        " WHERE facts ->> 'transaction_id' = 'T-1' AND class = 'amount_differs' ORDER BY nth"
    ).fetchall()
    assert rows == [("opened", None), ("note", "asked them"), ("reopened", None)]


def test_a_reversal_after_the_import_changes_nothing(books: Books) -> None:
    key = books.sale("T-1", "20.00")
    books.report(line("T-1", "20.00"))
    books.change(key, "reversed", IMPORTED + days(7), kind="reversal")

    assert classes(books.reconcile()) == {"matched": ("1", "0")}
    assert classes(books.reconcile(as_of=IMPORTED + days(8))) == {"status_differs": ("1", "20")}
