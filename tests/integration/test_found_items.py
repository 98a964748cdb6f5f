"""Work items outlive the runs that find them."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.items.found_items import create_found_items, item_key, key_prefix, settle_items
from postledger.reconciliation.runs import begin_run, finish_run

NOW = datetime(2026, 11, 3, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
Found = dict[str, Any]


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    """A ledger without work items."""
    with closing(connect(database, name="test", statement_timeout_ms=60_000)) as connection:
        yield connection


def found(subject: str, stake: str = "5.00", kind: str = "amount_differs", **facts: Any) -> Found:
    """Something that a run finds."""
    return {"subject": subject, "stake": stake, "class": kind, "facts": {"ledger": "15.00", **facts}}


def run(ledger: Connection[Any], *items: Found, days: int = 0, scope: int = 7) -> list[dict[str, Any]]:
    """Run a reconciliation that finds these."""
    now = NOW + timedelta(days=days)
    this = begin_run(ledger, "report", scope, OCTOBER, as_of=now, actor="anna", now=now)
    create_found_items(ledger)
    for item in items:
        ledger.execute(
            "INSERT INTO found_items (key, class, stake, currency, facts) VALUES (%s, %s, %s, 'USD', %s)",
            (
                item_key("report", scope, OCTOBER, item["subject"]), item["class"], item["stake"], Jsonb(item["facts"])
            ),
        )  # fmt: skip
    counts = settle_items(ledger, this, now)
    finish_run(ledger, this, counts, now)
    return counts


def items(ledger: Connection[Any]) -> list[tuple[Any, ...]]:
    """All work items: class, stake, state, version."""
    return ledger.execute("SELECT class, stake::text, state, version FROM discrepancies ORDER BY id").fetchall()


def notes(ledger: Connection[Any]) -> list[str]:
    """What happened to the first work item."""
    rows = ledger.execute(
        "SELECT action FROM discrepancy_notes"
        " WHERE key = (SELECT key FROM discrepancies ORDER BY id LIMIT 1) ORDER BY nth"
    )
    return [action for (action,) in rows]


def settle(ledger: Connection[Any], state: str) -> None:
    """Settle every work item, as a person does."""
    ledger.execute(
        "UPDATE discrepancies SET state = %s, owner = 'ben', resolution = 'told them',"
        " settled_facts_sha256 = facts_sha256, version = version + 1",
        (state,),
    )


def decide(ledger: Connection[Any], item_class: str, state: str) -> None:
    """Decide about the work items of a class, as a person does, with a row in their histories."""
    ledger.execute(
        "WITH decided AS (UPDATE discrepancies SET state = %(state)s, owner = 'cleo', resolution = 'asked them',"
        " settled_facts_sha256 = facts_sha256, version = version + 1 WHERE class = %(class)s RETURNING key)"
        " INSERT INTO discrepancy_notes (key, nth, at, actor, action) SELECT key, (SELECT max(nth) + 1"
        " FROM discrepancy_notes AS notes WHERE notes.key = decided.key), %(now)s, 'cleo', %(state)s FROM decided",
        {"state": state, "class": item_class, "now": NOW},
    )


def last_note(ledger: Connection[Any]) -> tuple[Any, ...] | None:
    """What happened to the last work item at last: the action and the text."""
    return ledger.execute(
        "SELECT action, note FROM discrepancy_notes"
        " WHERE key = (SELECT key FROM discrepancies ORDER BY id DESC LIMIT 1) ORDER BY nth DESC LIMIT 1"
    ).fetchone()


def lock(ledger: Connection[Any]) -> None:
    ledger.execute("INSERT INTO periods VALUES (%s, 'locked', 1, %s, 'anna')", (OCTOBER, NOW))


def unlock(ledger: Connection[Any]) -> None:
    ledger.execute("DELETE FROM periods WHERE period = %s", (OCTOBER,))


def test_what_is_new_is_opened(ledger: Connection[Any]) -> None:
    counts = run(ledger, found("T-1"), found("T-2", "1.50"))

    assert items(ledger) == [("amount_differs", "5.00", "open", 1), ("amount_differs", "1.50", "open", 1)]
    assert notes(ledger) == ["opened"]
    assert counts == [
        {"class": "amount_differs", "currency": "USD", "number": 2, "stake": "6.5", "new": 2, "reopened": 0}
    ]


def test_the_same_facts_change_nothing(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    run(ledger, found("T-1", "5.0"), days=1)

    assert items(ledger) == [("amount_differs", "5.0", "open", 1)]
    assert notes(ledger) == ["opened"]
    assert ledger.execute("SELECT changed_at, first_run <> last_run FROM discrepancies").fetchone() == (NOW, True)


def test_other_facts_change_an_open_item(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    run(ledger, found("T-1", "7.00", kind="status_differs"), days=1)

    assert items(ledger) == [("status_differs", "7.00", "open", 2)]


@pytest.mark.parametrize("state", ["resolved", "accepted"])
def test_a_settled_item_stays_settled_while_its_facts_stay(ledger: Connection[Any], state: str) -> None:
    run(ledger, found("T-1"))
    settle(ledger, state)

    run(ledger, found("T-1"))
    run(ledger)
    run(ledger, found("T-1"))

    assert items(ledger) == [("amount_differs", "5.00", state, 2)]


@pytest.mark.parametrize("state", ["resolved", "accepted"])
def test_a_settled_item_is_reopened_by_other_facts(ledger: Connection[Any], state: str) -> None:
    run(ledger, found("T-1"))
    settle(ledger, state)

    counts = run(ledger, found("T-1", network="9.00"))

    assert items(ledger) == [("amount_differs", "5.00", "open", 3)]
    assert notes(ledger) == ["opened", "reopened"]
    assert ledger.execute("SELECT owner, resolution FROM discrepancies").fetchone() == ("ben", "told them")
    assert counts[0]["reopened"] == 1


def test_a_disputed_item_stays_disputed(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    settle(ledger, "disputed")

    run(ledger, found("T-1", "6.00"))

    assert items(ledger) == [("amount_differs", "6.00", "disputed", 3)]


@pytest.mark.parametrize("state", ["open", "assigned", "disputed"])
def test_what_is_not_found_any_more_is_gone_and_may_return(ledger: Connection[Any], state: str) -> None:
    run(ledger, found("T-1"))
    settle(ledger, state)

    run(ledger)
    assert items(ledger) == [("amount_differs", "5.00", "gone", 3)]
    run(ledger, found("T-1"))

    assert items(ledger) == [("amount_differs", "5.00", "open", 4)]
    assert notes(ledger) == ["opened", "gone", "reopened"]


def test_items_of_another_scope_stay(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    run(ledger, found("T-1", "8.00"), scope=8)

    assert items(ledger) == [("amount_differs", "5.00", "open", 1), ("amount_differs", "8.00", "open", 1)]


def test_a_locked_month_keeps_its_items(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"), found("T-2", "1.00"), found("T-3", "2.00"))
    lock(ledger)

    run(ledger, found("T-1", "6.00"), found("T-2", "1.00"), found("T-4", "3.00", kind="missing_in_ledger"))

    assert items(ledger) == [
        ("amount_differs", "5.00", "open", 1),
        ("amount_differs", "2.00", "open", 1),
        ("amount_differs", "1.00", "open", 1),
        ("after_lock", "6.00", "open", 1),
        ("after_lock", "3.00", "open", 1),
    ]
    assert [row[0] for row in ledger.execute("SELECT facts ->> 'class' FROM discrepancies ORDER BY id").fetchall()] == [
        None,
        None,
        None,
        "amount_differs",
        "missing_in_ledger",
    ]


def test_an_item_of_after_the_lock_is_gone_when_it_is_explained(ledger: Connection[Any]) -> None:
    lock(ledger)
    run(ledger, found("T-1"))

    run(ledger)

    assert items(ledger) == [("after_lock", "5.00", "gone", 2)]


@pytest.mark.parametrize("state", ["open", "assigned", "disputed", "resolved", "accepted"])
def test_an_item_of_after_the_lock_carries_on_after_the_unlock(ledger: Connection[Any], state: str) -> None:
    lock(ledger)
    run(ledger, found("T-1"))
    settle(ledger, state)
    unlock(ledger)

    run(ledger, found("T-1"))

    assert items(ledger) == [("amount_differs", "5.00", state, 3)]
    assert notes(ledger) == ["opened"]
    assert ledger.execute("SELECT owner, resolution, facts ->> 'class' FROM discrepancies").fetchone() == (
        "ben", "told them", None,
    )  # fmt: skip


def test_a_late_item_that_was_gone_returns_as_the_same_item(ledger: Connection[Any]) -> None:
    lock(ledger)
    run(ledger, found("T-1"))
    run(ledger)
    unlock(ledger)

    run(ledger, found("T-1"))

    assert items(ledger) == [("amount_differs", "5.00", "open", 4)]
    assert notes(ledger) == ["opened", "gone", "reopened"]


def test_an_item_that_carries_on_stays_as_it_is_at_the_next_lock(ledger: Connection[Any]) -> None:
    lock(ledger)
    run(ledger, found("T-1"))
    settle(ledger, "disputed")
    unlock(ledger)
    run(ledger, found("T-1"))
    lock(ledger)

    run(ledger, found("T-1"))

    assert items(ledger) == [("amount_differs", "5.00", "disputed", 3)]


@pytest.mark.parametrize("before", ["open", "assigned", "disputed", "resolved", "gone"])
@pytest.mark.parametrize("late", ["assigned", "disputed", "resolved", "accepted"])
def test_an_item_of_before_the_lock_takes_over_the_late_one(ledger: Connection[Any], before: str, late: str) -> None:
    run(ledger, found("T-1"))
    settle(ledger, before)
    lock(ledger)
    run(ledger, found("T-1", "6.00"))
    decide(ledger, "after_lock", late)
    unlock(ledger)

    run(ledger, found("T-1", "6.00"))

    expected = "disputed" if (before, late) == ("disputed", "assigned") else late
    assert [row[:3] for row in items(ledger)] == [
        ("amount_differs", "6.00", expected), ("after_lock", "6.00", "gone")
    ]  # fmt: skip
    assert ledger.execute("SELECT owner, resolution FROM discrepancies ORDER BY id LIMIT 1").fetchone() == (
        "cleo", "asked them",
    )  # fmt: skip
    reopened = ["reopened"] if before in ("resolved", "gone") else []
    assert notes(ledger) == ["opened", *reopened, late]
    assert last_note(ledger) == ("gone", "it goes on as work item 1")


def test_an_untouched_late_item_opens_a_settled_one_again(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    settle(ledger, "resolved")
    lock(ledger)
    run(ledger, found("T-1", "6.00"))
    unlock(ledger)

    run(ledger, found("T-1", "6.00"))

    assert [row[:3] for row in items(ledger)] == [("amount_differs", "6.00", "open"), ("after_lock", "6.00", "gone")]
    assert ledger.execute("SELECT owner FROM discrepancies ORDER BY id LIMIT 1").fetchone() == ("ben",)
    assert notes(ledger) == ["opened", "reopened"]


def test_other_facts_open_what_was_settled_about_the_late_item(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    lock(ledger)
    run(ledger, found("T-1", "6.00"))
    decide(ledger, "after_lock", "resolved")
    unlock(ledger)

    run(ledger, found("T-1", "7.00"))

    assert [row[:3] for row in items(ledger)] == [("amount_differs", "7.00", "open"), ("after_lock", "6.00", "gone")]
    assert notes(ledger) == ["opened", "resolved", "reopened"]


def test_the_facts_of_before_the_lock_end_the_late_item(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    settle(ledger, "resolved")
    lock(ledger)
    run(ledger, found("T-1", "6.00"))
    decide(ledger, "after_lock", "disputed")
    unlock(ledger)

    run(ledger, found("T-1"))

    assert [row[:3] for row in items(ledger)] == [
        ("amount_differs", "5.00", "resolved"), ("after_lock", "6.00", "gone")
    ]  # fmt: skip
    assert notes(ledger) == ["opened"]


def test_each_history_is_taken_over_once(ledger: Connection[Any]) -> None:
    run(ledger, found("T-1"))
    for stake in ("6.00", "7.00"):
        lock(ledger)
        run(ledger, found("T-1", stake))
        decide(ledger, "after_lock", "disputed")
        unlock(ledger)
        run(ledger, found("T-1", stake))

    assert [row[:3] for row in items(ledger)] == [
        ("amount_differs", "7.00", "disputed"), ("after_lock", "7.00", "gone")
    ]  # fmt: skip
    assert notes(ledger) == ["opened", "disputed", "reopened", "disputed"]


def test_a_key_is_the_same_in_sql_and_in_python(ledger: Connection[Any]) -> None:
    made = ledger.execute(
        "SELECT sha256(%s::bytea || convert_to(%s, 'UTF8'))", (key_prefix("bank", "main", OCTOBER), "é\x1fT-1")
    ).fetchone()

    assert made == (item_key("bank", "main", OCTOBER, "é\x1fT-1"),)
    assert len({item_key("bank", scope, OCTOBER, "T") for scope in ("main", "other", 1)}) == 3


def test_what_is_found_twice_is_a_fault_of_the_pass(ledger: Connection[Any]) -> None:
    with pytest.raises(UniqueViolation):
        run(ledger, found("T-1"), found("T-1"))
