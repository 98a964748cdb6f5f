"""The states of a work item, and what people may do in each of them. Pure."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

ItemKind = Literal["report", "bank"]
ItemClass = Literal[
    "amount_differs", "currency_differs", "status_differs", "missing_at_network", "missing_in_ledger", "other_period",
    "duplicate_line", "restated", "proposed", "unexplained_line", "unapplied", "unproven", "gap", "overdue_receivable",
    "after_lock",
]  # fmt: skip
ItemState = Literal["open", "assigned", "disputed", "resolved", "accepted", "gone"]
Action = Literal["assign", "note", "dispute", "resolve", "accept"]
NoteAction = Literal["opened", "assigned", "note", "disputed", "resolved", "accepted", "gone", "reopened"]

CLASSES: tuple[ItemClass, ...] = get_args(ItemClass)
STATES: tuple[ItemState, ...] = get_args(ItemState)
VERBS: dict[Action, NoteAction] = {
    "assign": "assigned", "note": "note", "dispute": "disputed", "resolve": "resolved", "accept": "accepted",
}  # fmt: skip
"""What an action is called in the history of an item."""
_DAYS = {"gap": {"since": "before "}, "unproven": {"since": "", "until": "to "}}
_SETTLED: dict[Action, ItemState] = {"dispute": "disputed", "resolve": "resolved", "accept": "accepted"}


def name_class(item_class: str, late_class: str | None) -> str:
    """Name a class for people. `late_class`: the class that an item of `after_lock` would have in an open month."""
    return item_class if late_class is None else f"{item_class} ({late_class})"


def name_days(item_class: str, facts: Mapping[str, Any], statement_id: str | None) -> str | None:
    """Name what an item of a statement or a month is about: its days, and its statement. None for other classes."""
    days = _DAYS.get(facts.get("class", "") if item_class == "after_lock" else item_class)
    if days is None:
        return None
    written = [f"{before}{facts[name]}" for name, before in days.items() if facts.get(name)]
    return " ".join([*written, *([] if statement_id is None else [f"({statement_id[:8]})"])])


def find_next_state(state: ItemState, action: Action) -> ItemState:
    """Return the state after an action. A settled item that is assigned is open work again; a disputed one stays so."""
    if action == "assign":
        return "disputed" if state == "disputed" else "assigned"
    return _SETTLED.get(action, state)


def find_fault(state: ItemState, action: Action) -> str | None:
    """Say why an action has no sense in a state. None: it has."""
    if action == "note":
        return None
    if state == "gone":
        return "is gone: the last run did not find it, so nothing is left to decide; a note is possible"
    if repeats(state, action):
        return f"is {state} already; leave it out, or add a note"
    return None


def repeats(state: ItemState, action: Action) -> bool:
    """Return whether an action is the decision that was taken already."""
    return settles(action) and find_next_state(state, action) == state


def settles(action: Action) -> bool:
    """Return whether an action is a decision about the facts of an item."""
    return action in _SETTLED


def list_note_actions(state: ItemState, action: Action) -> list[NoteAction]:
    """List what an action adds to the history of an item."""
    reopens = action == "assign" and state in ("resolved", "accepted")
    return ["reopened", VERBS[action]] if reopens else [VERBS[action]]
