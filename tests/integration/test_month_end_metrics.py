"""The metrics of the month's end say what is on record, what is missing, and for how long people have not looked."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from postledger.metrics.month_end import sql
from postledger.metrics.month_end_metrics import CLASSES, STATES, MonthEndMetrics
from postledger.reconciliation.rules.statement_lines import FaultReason
from tests.parts.month_end_rows import OCTOBER, add_account, add_format, add_item, add_run, add_statement
from tests.parts.sources import add_source

NOW = datetime(2026, 11, 12, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Ledger = psycopg.Connection[Any]


@pytest.fixture
def ledger(database: str, master_key: str) -> Iterator[Ledger]:
    """A ledger with the source acme, which has the id 1."""
    add_source(database, master_key, "acme")
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


class Shown:
    """The series of one worker."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._metrics = MonthEndMetrics(self._registry, FaultReason)

    def refresh(self, ledger: Ledger, now: datetime = NOW) -> "Shown":
        self._metrics.refresh(ledger, now)
        return self

    def __call__(self, name: str, /, **labels: str) -> float | None:
        return self._registry.get_sample_value(f"postledger_{name}", labels)


@pytest.fixture
def shown() -> Shown:
    return Shown()


def set_state(ledger: Ledger, state: str, period: date = OCTOBER) -> None:
    """Let a month have a state."""
    ledger.execute("INSERT INTO periods VALUES (%s, %s, 1, %s, 'test')", (period, state, NOW))


def test_statements_and_their_faults_are_counted_once(ledger: Ledger, shown: Shown) -> None:
    add_statement(ledger, NOW, source_id=1, faults=("bad_amount", "bad_amount", "of_tomorrow"))
    add_statement(ledger, NOW, account="main", proof="unproven")
    shown.refresh(ledger)
    add_statement(ledger, NOW, account="main", proof="proven", faults=("bad_date",))

    shown.refresh(ledger).refresh(ledger)

    assert shown("statements_total", kind="network", result="imported") == 1
    assert shown("statements_total", kind="bank", result="unproven") == 1
    assert shown("statements_total", kind="bank", result="proven") == 1
    assert shown("statements_total", kind="bank", result="no_balances") == 0
    assert shown("statement_faults_total", kind="network", reason="bad_amount") == 2
    assert shown("statement_faults_total", kind="network", reason="unknown") == 1
    assert shown("statement_faults_total", kind="bank", reason="bad_date") == 1
    assert shown("statement_faults_total", kind="bank", reason="lost_digits") == 0


def test_a_statement_that_was_forgotten_stays_counted(ledger: Ledger, shown: Shown) -> None:
    add_statement(ledger, NOW, source_id=1)
    shown.refresh(ledger)
    ledger.execute("DELETE FROM statements")
    shown.refresh(ledger)
    add_statement(ledger, NOW, source_id=1)

    shown.refresh(ledger)

    assert shown("statements_total", kind="network", result="imported") == 2


REPORTS: dict[str, tuple[int, dict[str, Any], int]] = {
    "today is the day": (5, {}, 0),
    "today is the day after": (6, {}, 1),
    "it came": (6, {"source_id": 1}, 0),
    "only the one of the month before came": (6, {"source_id": 1, "until": date(2026, 9, 30)}, 1),
}


@pytest.mark.parametrize("case", REPORTS)
def test_a_report_is_overdue_from_the_day_after(ledger: Ledger, shown: Shown, case: str) -> None:
    day, statement, overdue = REPORTS[case]
    add_format(ledger, "acme", 5, NOW - 30 * DAY)
    if statement:
        add_statement(ledger, NOW, **statement)

    shown.refresh(ledger, datetime(2026, 11, day, 23, tzinfo=UTC))

    assert shown("statement_overdue", name="acme") == overdue


def test_a_report_of_a_locked_month_is_not_awaited(ledger: Ledger, shown: Shown) -> None:
    add_format(ledger, "acme", 5, NOW - 30 * DAY)
    set_state(ledger, "locked")

    assert shown.refresh(ledger)("statement_overdue", name="acme") == 0


def test_a_missing_report_stays_overdue_in_the_next_month(ledger: Ledger, shown: Shown) -> None:
    add_format(ledger, "acme", 5, NOW - 30 * DAY)
    december = datetime(2026, 12, 2, tzinfo=UTC)

    assert shown.refresh(ledger, december)("statement_overdue", name="acme") == 1


def test_months_before_the_format_are_not_awaited(ledger: Ledger, shown: Shown) -> None:
    add_format(ledger, "acme", 5, NOW)
    add_statement(ledger, NOW, source_id=1)

    assert shown.refresh(ledger)("statement_overdue", name="acme") == 0


def test_the_days_of_reports_are_those_of_the_books(ledger: Ledger, shown: Shown) -> None:
    ledger.execute('INSERT INTO finance VALUES (true, \'{"timezone": "Asia/Tokyo"}\', now(), 0, now(), 0)')
    add_format(ledger, "acme", 5, NOW - 30 * DAY)

    shown.refresh(ledger, datetime(2026, 11, 5, 16, tzinfo=UTC))

    assert shown("statement_overdue", name="acme") == 1, "in Tokyo it is the 6th"


@pytest.mark.parametrize(
    ("expected", "until", "overdue"),
    [
        ("daily", date(2026, 11, 7), 0),
        ("daily", date(2026, 11, 6), 1),
        ("weekly", date(2026, 11, 2), 0),
        ("weekly", date(2026, 11, 1), 1),
        ("monthly", date(2026, 10, 31), 0),
        ("monthly", date(2026, 9, 30), 1),
    ],
)
def test_a_bank_statement_is_overdue_some_days_after_the_last_one(
    ledger: Ledger, shown: Shown, expected: str, until: date, overdue: int
) -> None:
    add_account(ledger, "main", NOW - 90 * DAY, expected)
    add_account(ledger, "never-asked", NOW - 90 * DAY)
    add_statement(ledger, NOW, account="main", until=until)

    shown.refresh(ledger)

    assert shown("statement_overdue", name="main") == overdue
    assert shown("statement_overdue", name="never-asked") is None


def test_a_new_account_has_days_until_its_first_statement(ledger: Ledger, shown: Shown) -> None:
    add_account(ledger, "main", NOW, "daily")

    assert shown.refresh(ledger, NOW + 5 * DAY)("statement_overdue", name="main") == 0
    assert shown.refresh(ledger, NOW + 6 * DAY)("statement_overdue", name="main") == 1


def test_the_series_of_a_removed_account_end(ledger: Ledger, shown: Shown) -> None:
    add_account(ledger, "main", NOW - 90 * DAY, "daily")
    shown.refresh(ledger)

    ledger.execute("UPDATE bank_accounts SET removed_at = now()")

    assert shown.refresh(ledger)("statement_overdue", name="main") is None
    assert shown("statement_unproven", name="main") is None


def test_statements_that_do_not_add_up_count_until_the_month_is_locked(ledger: Ledger, shown: Shown) -> None:
    add_account(ledger, "main", NOW)
    add_statement(ledger, NOW, account="main", proof="unproven")
    add_statement(ledger, NOW, account="main", proof="proven", gap="gap")
    add_statement(ledger, NOW, account="main", proof="proven", gap="overlap")
    add_statement(ledger, NOW, account="main", proof="no_balances")
    assert shown.refresh(ledger)("statement_unproven", name="main") == 2

    set_state(ledger, "locked")

    assert shown.refresh(ledger)("statement_unproven", name="main") == 0


def test_work_items_are_counted_by_class_and_state(ledger: Ledger, shown: Shown) -> None:
    add_item(ledger, NOW - 3 * DAY, "restated", "assigned")
    add_item(ledger, NOW - 9 * DAY, "restated", "disputed")
    add_item(ledger, NOW - 9 * DAY, "gap", "resolved")

    shown.refresh(ledger)

    assert shown("discrepancies", **{"class": "restated"}, state="assigned") == 1
    assert shown("discrepancies", **{"class": "restated"}, state="disputed") == 1
    assert shown("discrepancies", **{"class": "gap"}, state="resolved") == 1
    assert shown("discrepancies", **{"class": "unapplied"}, state="open") == 0
    oldest = shown("discrepancies_oldest_seconds", **{"class": "restated"})
    assert oldest == 3 * 86400, "what is disputed waits for others"
    assert shown("discrepancies_oldest_seconds", **{"class": "gap"}) == 0


def test_the_age_of_a_work_item_begins_anew_when_it_is_reopened(ledger: Ledger, shown: Shown) -> None:
    add_item(ledger, NOW - 90 * DAY, reopened_at=NOW - DAY)

    assert shown.refresh(ledger)("discrepancies_oldest_seconds", **{"class": "amount_differs"}) == 86400


def test_items_of_a_locked_month_age_only_if_they_came_after_it(ledger: Ledger, shown: Shown) -> None:
    add_item(ledger, NOW - 9 * DAY, "restated")
    add_item(ledger, NOW - 2 * DAY, "after_lock")
    set_state(ledger, "locked")

    shown.refresh(ledger)

    assert shown("discrepancies", **{"class": "restated"}, state="open") == 1
    assert shown("discrepancies_oldest_seconds", **{"class": "restated"}) == 0
    assert shown("discrepancies_oldest_seconds", **{"class": "after_lock"}) == 2 * 86400


def test_classes_and_states_are_those_of_the_table(ledger: Ledger) -> None:
    checks = "".join(
        definition
        for (definition,) in ledger.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'discrepancies'::regclass"
        )
    )

    assert all(f"'{word}'" in checks for word in (*CLASSES, *STATES))
    assert checks.count("'") == 2 * len((*CLASSES, *STATES, "report", "bank"))


def test_the_newest_run_that_is_done_is_shown(ledger: Ledger, shown: Shown) -> None:
    shown.refresh(ledger)
    assert math.isnan(shown("reconciliation_last_success_timestamp_seconds", kind="report") or 0)
    assert math.isnan(shown("reconciliation_duration_seconds", kind="bank") or 0)
    add_run(ledger, NOW - DAY, source_id=1, took_s=40)
    add_run(ledger, NOW - 2 * DAY, source_id=1, took_s=10)
    add_run(ledger, NOW, source_id=1, state="failed")

    shown.refresh(ledger)

    ended = (NOW - DAY + timedelta(seconds=40)).timestamp()
    assert shown("reconciliation_last_success_timestamp_seconds", kind="report") == ended
    assert shown("reconciliation_duration_seconds", kind="report") == 40


def test_a_statement_waits_until_a_run_that_began_after_it(ledger: Ledger, shown: Shown) -> None:
    add_account(ledger, "main", NOW)
    add_statement(ledger, NOW - 3 * DAY, source_id=1)
    add_statement(ledger, NOW - 2 * DAY, account="main")
    add_statement(ledger, NOW - 9 * DAY, source_id=2, until=date(2026, 8, 31))
    add_run(ledger, NOW - 4 * DAY, source_id=1)
    add_run(ledger, NOW - DAY, source_id=1, state="failed")
    shown.refresh(ledger)
    assert shown("reconciliation_waiting_seconds", kind="report") == 3 * 86400
    assert shown("reconciliation_waiting_seconds", kind="bank") == 2 * 86400

    add_run(ledger, NOW - DAY, source_id=1)
    add_run(ledger, NOW - DAY, account="main")
    shown.refresh(ledger)

    assert shown("reconciliation_waiting_seconds", kind="report") == 0
    assert shown("reconciliation_waiting_seconds", kind="bank") == 0


def test_the_end_of_the_month_asks_for_one_more_run(ledger: Ledger, shown: Shown) -> None:
    october_20 = datetime(2026, 10, 20, tzinfo=UTC)
    add_statement(ledger, october_20, source_id=1)
    add_run(ledger, october_20 + DAY, source_id=1)

    shown.refresh(ledger, datetime(2026, 11, 2, tzinfo=UTC))

    assert shown("reconciliation_waiting_seconds", kind="report") == 86400


def test_work_items_are_counted_along_indexes(ledger: Ledger) -> None:
    ledger.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")

    plan = "\n".join(row[0] for row in ledger.execute("EXPLAIN " + sql("measure_discrepancies"), {"limit": 10}))

    assert "discrepancies_work" in plan
    assert "discrepancies_id_key" in plan
    assert "Seq Scan on discrepancies" not in plan
