"""What people may do with a work item in each state, and how its facts are laid out."""

import pytest

from postledger.reconciliation.rules.facts_table import lay_out_facts
from postledger.reconciliation.rules.work_item import (
    Action,
    ItemState,
    find_fault,
    find_next_state,
    list_note_actions,
    name_days,
)


@pytest.mark.parametrize(
    ("state", "action", "after"),
    [
        ("open", "assign", "assigned"),
        ("assigned", "assign", "assigned"),
        ("disputed", "assign", "disputed"),
        ("resolved", "assign", "assigned"),
        ("accepted", "assign", "assigned"),
        ("open", "note", "open"),
        ("gone", "note", "gone"),
        ("open", "dispute", "disputed"),
        ("assigned", "resolve", "resolved"),
        ("disputed", "resolve", "resolved"),
        ("disputed", "accept", "accepted"),
        ("resolved", "dispute", "disputed"),
        ("resolved", "accept", "accepted"),
    ],
)
def test_each_action_leads_to_its_state(state: ItemState, action: Action, after: ItemState) -> None:
    assert find_fault(state, action) is None
    assert find_next_state(state, action) == after


@pytest.mark.parametrize("action", ["assign", "dispute", "resolve", "accept"])
def test_what_is_gone_takes_notes_only(action: Action) -> None:
    assert "is gone" in (find_fault("gone", action) or "")


@pytest.mark.parametrize(
    ("state", "action"), [("disputed", "dispute"), ("resolved", "resolve"), ("accepted", "accept")]
)
def test_the_same_decision_twice_is_refused(state: ItemState, action: Action) -> None:
    assert find_fault(state, action) == f"is {state} already; leave it out, or add a note"


def test_assigning_a_settled_item_reopens_it() -> None:
    assert list_note_actions("resolved", "assign") == ["reopened", "assigned"]
    assert list_note_actions("open", "assign") == ["assigned"]
    assert list_note_actions("disputed", "assign") == ["assigned"]


def test_facts_stand_side_by_side() -> None:
    table = lay_out_facts({
        "ledger": {"amount": "20.00", "event": "sale"},
        "network": {"amount": "15.00", "status": None},
        "day": "2026-10-15",
        "candidates": [{"bill": "B-1", "amount": "3.00"}, {"bill": "B-2"}],
        "sure": False,
    })  # fmt: skip

    assert table.sides == ("ledger", "network")
    assert table.rows == (("amount", ("20.00", "15.00")), ("event", ("sale", "")), ("status", ("", "")))
    assert table.both == (("day", "2026-10-15"), ("candidates", "bill B-1, amount 3.00; bill B-2"), ("sure", "no"))


@pytest.mark.parametrize(
    ("item_class", "subject"),
    [
        ("gap", "before 2026-10-15 (01234567)"),
        ("unproven", "2026-10-15 to 2026-10-31 (01234567)"),
        ("missing_in_ledger", None),
    ],
)
def test_an_item_about_days_is_named_by_them(item_class: str, subject: str | None) -> None:
    days = {"since": "2026-10-15", "until": "2026-10-31"}

    assert name_days(item_class, days, "01234567-89ab") == subject
    assert name_days("after_lock", days | {"class": item_class}, "01234567-89ab") == subject


def test_an_unproven_month_has_no_statement() -> None:
    assert name_days("unproven", {}, "01234567-89ab") == "(01234567)"
    assert name_days("unproven", {"since": "2026-10-01", "until": "2026-10-31"}, None) == "2026-10-01 to 2026-10-31"
