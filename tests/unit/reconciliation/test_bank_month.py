"""What is missing of an account's statements for a month."""

from datetime import date

import pytest

from postledger.reconciliation.rules.bank_month import Covered, Lack, Rhythm, find_lacks

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def statement(since: str, until: str, **others: str | bool) -> Covered:
    facts: dict[str, str | bool | None] = {"proof": "proven", "gap": None, **others}
    return Covered(f"{since} to {until}", date.fromisoformat(since), date.fromisoformat(until), **facts)  # type: ignore[arg-type]


OCTOBER = statement("2026-10-01", "2026-10-31")


def lacks(*statements: Covered, rhythm: Rhythm = "monthly") -> list[str]:
    return [each.missing for each in find_lacks(rhythm, statements, FIRST, LAST)]


def test_a_proven_statement_of_the_whole_month_is_enough() -> None:
    assert lacks(OCTOBER) == []


def test_no_statement_is_missing_once() -> None:
    assert lacks() == ["no_statement"]
    assert lacks(statement("2026-11-01", "2026-11-30")) == ["no_statement"]


@pytest.mark.parametrize("proof", ["unproven", "no_balances"])
def test_a_statement_that_is_not_proven_is_named(proof: str) -> None:
    bad = statement("2026-10-01", "2026-10-31", proof=proof)

    assert find_lacks("monthly", [bad], FIRST, LAST) == [Lack("unproven", bad.id)]


def test_the_first_statement_of_an_account_needs_no_opening_balance() -> None:
    assert lacks(statement("2026-10-01", "2026-10-31", proof="no_balances", lacks_opening=True)) == []
    assert lacks(statement("2026-10-01", "2026-10-31", proof="unproven", lacks_opening=True)) == ["unproven"]


def test_a_gap_within_the_month_counts_and_an_overlap_does_not() -> None:
    first = statement("2026-10-01", "2026-10-09")

    assert lacks(first, statement("2026-10-12", "2026-10-31", gap="gap")) == ["gap"]
    assert lacks(first, statement("2026-10-08", "2026-10-31", gap="overlap")) == []


def test_a_gap_before_the_month_belongs_to_the_month_before() -> None:
    assert lacks(statement("2026-09-28", "2026-10-31", gap="gap")) == []


def test_a_gap_after_the_month_counts_only_if_the_end_may_be_missing() -> None:
    later = statement("2026-11-03", "2026-11-03", gap="gap")

    assert lacks(statement("2026-10-01", "2026-10-30"), later) == ["gap"]
    assert lacks(OCTOBER, later) == []
    assert lacks(OCTOBER, statement("2026-11-01", "2026-11-30"), later) == []


@pytest.mark.parametrize(
    ("rhythm", "until", "expected"),
    [
        ("daily", "2026-10-28", []),  # a Wednesday: Thursday and Friday may have been holidays
        ("daily", "2026-10-27", ["ends_early"]),
        ("weekly", "2026-10-24", []),
        ("weekly", "2026-10-23", ["ends_early"]),
        ("monthly", "2026-10-02", []),
    ],
)
def test_a_month_may_end_a_little_before_its_last_day(rhythm: Rhythm, until: str, expected: list[str]) -> None:
    assert lacks(statement("2026-10-01", until), rhythm=rhythm) == expected


def test_a_later_statement_covers_the_end_of_the_month() -> None:
    assert lacks(statement("2026-10-01", "2026-10-20"), statement("2026-11-02", "2026-11-02"), rhythm="daily") == []


def test_a_notification_without_balances_is_proven_by_the_statements_of_its_days() -> None:
    notified = statement("2026-10-12", "2026-10-12", proof="no_balances")
    later = statement("2026-11-01", "2026-11-01", proof="no_balances")

    assert lacks(OCTOBER, notified, later) == []
    assert lacks(statement("2026-10-01", "2026-10-11"), notified, rhythm="monthly") == ["unproven"]
