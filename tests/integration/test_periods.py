"""`period`: the months of the books are closed, locked and unlocked."""

from datetime import UTC, datetime

import psycopg
import pytest

from postledger.reconciliation.rules.months import next_month
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, RULE, configure
from tests.parts.month import MonthRows
from tests.parts.periods import Months


@pytest.fixture
def months(cli: CommandLine, database: str) -> Months:
    """Books whose October can be locked."""
    return Months(cli, database)


def test_a_month_is_open_then_closing_then_locked(months: Months) -> None:
    states = [months.show()["state"]]
    for verb in ("close", "lock"):
        assert months(verb).code == 0
        states.append(months.show()["state"])

    assert states == ["open", "closing", "locked"]
    assert [(each["version"], each["locked_by"]) for each in months.show()["locks"]] == [(2, "mia")]


def test_each_change_is_an_entry_of_the_audit_chain(months: Months) -> None:
    months.lock()
    months.unlock()
    kept = months.show()["locks"][0]["report_sha256"]

    entries = [each for each in months.cli("audit", "list", "--json").facts if each["subject"] == "2026-10"]
    assert [(each["actor"], each["action"]) for each in reversed(entries)] == [
        ("mia", "period.close"), ("mia", "period.lock"), ("ada", "period.ask_unlock"), ("ben", "period.unlock"),
    ]  # fmt: skip
    assert kept in str(entries[2])
    assert "a late bill" in str(entries[0])
    assert months.cli("audit", "verify").code == 0


def test_a_month_that_is_open_or_locked_is_not_locked(months: Months) -> None:
    when_open = months("lock")
    months.lock()
    when_locked = [months("lock"), months("close")]

    assert when_open.code == 1
    assert "only a month that is closing is locked; run: postledger period close 2026-10" in when_open.err
    assert all(ran.code == 1 and "period_locked: 2026-10 is locked" in ran.err for ran in when_locked)


def test_closing_again_changes_nothing(months: Months) -> None:
    months("close")
    before = months.show()

    assert months("close", user="ada").code == 0
    assert months.show() == before


def test_the_running_month_is_closed_but_not_locked(months: Months) -> None:
    today = datetime.now(UTC).date()
    this, later = (f"{day:%Y-%m}" for day in (today, next_month(next_month(today))))

    closed, locked = months("close", month=this), months("lock", month=this)
    not_begun = months("close", month=later)

    assert (closed.code, locked.code, not_begun.code) == (0, 1, 1)
    assert f"{this} is not over before" in locked.err
    assert f"{later} has not begun" in not_begun.err


def test_a_viewer_changes_no_month(months: Months) -> None:
    months.cli("user", "add", "vic", "--role", "viewer")

    assert months("close", user="vic").code == 1
    assert months.show()["state"] == "open"


def test_an_unlock_needs_two_admins(months: Months) -> None:
    months.lock()

    refused = [
        months("unlock", "--reason", "why", user="mia"), months("unlock", user="ada"),
        months("unlock", "--reason", " ", user="ada"),
    ]  # fmt: skip
    asked = months("unlock", "--reason", "a late bill", "--json", user="ada").facts
    alone = months("unlock", "--reason", "a late bill", user="ada")
    not_admin = months("unlock", user="mia")
    agreed = months("unlock", "--json", user="ben").facts

    assert [ran.code for ran in (*refused, alone, not_admin)] == [1] * 5
    assert "mia is no admin" in refused[0].err
    assert "--reason" in refused[1].err + refused[2].err
    assert (asked["state"], asked["unlock_asked_by"], asked["unlock_reason"]) == ("locked", "ada", "a late bill")
    assert "four_eyes: ada asked to unlock 2026-10; another admin must agree" in alone.err
    assert (agreed["state"], agreed["unlock_asked_by"]) == ("closing", None)


def test_who_asks_is_told_who_may_agree(months: Months) -> None:
    months.lock()
    first = months("unlock", "--reason", "a late bill", user="ada")
    agreed = months("unlock", user="ben")
    months("lock")
    months.cli("user", "disable", "ben")

    second = months("unlock", "--reason", "a late bill", user="ada")

    assert "postledger period unlock 2026-10 --as LOGIN (one of ben)" in first.out
    assert agreed.out.endswith("its report from before stays: postledger period report 2026-10 --version 2\n")
    assert "there is no other admin" in second.out


def test_a_second_lock_keeps_a_report_beside_the_first(months: Months) -> None:
    months.lock()
    first = months.show()
    months.unlock()
    fetch(months.url, "UPDATE payees SET name = 'Another name' RETURNING 1")
    rows = MonthRows(months.url)
    rows.add_bill("PL-202610-000001", "12.34")
    assert months("lock").code == 0

    second = months.show()

    assert (first["version"], second["version"]) == (2, 4)
    assert (first["report"]["bills"], [each["number"] for each in second["report"]["bills"]]) == (
        [], ["PL-202610-000001"]
    )  # fmt: skip
    assert months.show("--version", "2")["report"] == first["report"]
    assert "it has 4, 2" in months("show", "--version", "3").err


def test_a_kept_report_says_that_its_month_is_locked(months: Months) -> None:
    months.lock()

    shown = months.show()

    report = shown["report"]
    assert (report["state"], report["changed_by"]) == ("locked", "mia")
    assert datetime.fromisoformat(report["changed_at"]) == datetime.fromisoformat(shown["changed_at"])


def test_a_kept_report_cannot_be_changed(months: Months) -> None:
    months.lock()

    for change in ("UPDATE locked_reports SET report = '{}'", "DELETE FROM locked_reports", "TRUNCATE locked_reports"):
        with psycopg.connect(months.url) as ledger, pytest.raises(psycopg.errors.InsufficientPrivilege):
            ledger.execute(change)


def test_the_months_are_listed(months: Months) -> None:
    months.lock("2026-09")

    listed = months.cli("period", "show", "--json").facts

    assert ("2026-09", "locked") in [(each["period"], each["state"]) for each in listed]
    assert [each["period"] for each in listed] == sorted((each["period"] for each in listed), reverse=True)


def test_a_text_that_is_no_month_is_refused(cli: CommandLine) -> None:
    for verb in ("show", "close", "lock", "unlock"):
        ran = cli("period", verb, "October")

        assert (ran.code, ran.err) == (1, "postledger: MONTH is not a month; write one such as 2026-10\n")


def test_without_books_no_month_is_changed(cli: CommandLine) -> None:
    assert "there are no books; add [finance]" in cli("period", "close", "2026-10").err


def test_lock_below_is_applied_and_exported(cli: CommandLine) -> None:
    configure(cli, FINANCE.replace('base_currency = "USD"', 'base_currency = "USD"\nlock_below = "1.50"'), RULE)

    exported = cli("export").out

    assert 'lock_below = "1.50"' in exported
    again = cli("apply", cli.write("again.toml", exported), "--dry-run")
    assert not [line for line in again.out.splitlines() if line.startswith("change")]


def test_a_month_that_was_locked_by_hand_is_shown_without_a_kept_report(months: Months) -> None:
    fetch(months.url, "INSERT INTO periods VALUES ('2026-10-01', 'locked', 1, now(), 'sql') RETURNING 1")

    shown = months.show()

    assert (shown["state"], shown["report"], shown["locks"]) == ("locked", None, [])
    assert months.cli("period", "report", "2026-10", "--json").facts["report"]["state"] == "locked"
    assert months.cli("finance", "check").code == 0
