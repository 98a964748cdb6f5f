"""The words of the report: what a class of work items means, and what to do about it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a class is called, and the next step of the person who has the work item."""

    title: str
    next_step: str


_NOTHING = "Nothing"
MEANINGS: Mapping[str, Meaning] = {
    "matched": Meaning("Matched", _NOTHING),
    "no_money": Meaning("Worth nothing on either side", _NOTHING),
    "earlier_period": Meaning("Of sales that an earlier report has", _NOTHING),
    "amount_differs": Meaning("Amount differs", "Ask the network which amount is right"),
    "currency_differs": Meaning("Currency differs", "Ask the network which currency is right"),
    "status_differs": Meaning("Status differs", "Ask the network for the status, or wait for its postback"),
    "missing_at_network": Meaning("Missing in the network's report", "Ask the network to add the conversion"),
    "missing_in_ledger": Meaning("Missing in the ledger", "Ask the network for the postback"),
    "other_period": Meaning("In another month", "Compare it with the report of that month"),
    "duplicate_line": Meaning("Line appears twice", "Ask the network to take one line out"),
    "restated": Meaning("Network changed its report", "Check that the change is right"),
    "proposed": Meaning("Proposed match", "Confirm one of the proposals, or match it by hand"),
    "unexplained_line": Meaning("Bank line without explanation", "Find out what was paid, and match it by hand"),
    "unapplied": Meaning("Paid too much", "Apply the rest to another bill, or send it back"),
    "unproven": Meaning("Balances do not add up", "Get the statement from the bank again"),
    "gap": Meaning("Bank statement is missing", "Import the statement of the missing days"),
    "overdue_receivable": Meaning("Network has not paid", "Remind the network"),
    "after_lock": Meaning("Came after the month was locked", "Book it in the open month"),
}
PROOFS: Mapping[str, str] = {
    "proven": "proven: opening + lines = closing",
    "unproven": "not proven",
    "no_opening": "its first statement has no opening balance, so nothing proves the lines of that one",
    "no_balances": "the statements have no balances",
    "missing": "no statement",
}
PART_OF_LINE: Mapping[str, str] = {
    "payment": "pays", "fee": "fee", "fx": "exchange difference", "rounding": "rounding", "unapplied": "not applied",
}  # fmt: skip
PARTS: Mapping[str, str] = {
    "payment": "Payments of bills and receivables", "fee": "Fees of banks", "fx": "Exchange differences",
    "rounding": "Rounding", "unapplied": "Not applied to a bill",
}  # fmt: skip


def explain_class(item_class: str) -> Meaning:
    """Return what a class means. A class of a later release is its own name."""
    return MEANINGS.get(item_class, Meaning(item_class, "See the work item"))


def write_title(item_class: str, late_class: str | None) -> str:
    """Return what an item is called. `late_class`: the class that one of `after_lock` would have in an open month."""
    return ": ".join(explain_class(each).title for each in (item_class, late_class) if each is not None)
