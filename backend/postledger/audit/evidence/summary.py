"""Sums evidence up in a title and a few sentences, so that its reader knows at once what it is about. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from postledger.audit.evidence.gather import Evidence
from postledger.audit.trace_rows import Row
from postledger.reconciliation.month_page.amounts import write_money
from postledger.reconciliation.month_page.words import write_title
from postledger.vocabulary.wording import count

_SIDES: Mapping[str, str] = {
    "ledger": "The ledger has", "network": "The network reports", "before": "An earlier report had",
    "bank": "The bank has booked",
}  # fmt: skip
_MISSING: Mapping[str, str] = {
    "missing_at_network": "The network's report does not have it",
    "missing_in_ledger": "The ledger has no conversion for it",
}


class Summary(msgspec.Struct, frozen=True):
    """What the page says first."""

    title: str
    about: str
    sentences: tuple[str, ...]


def sum_up(evidence: Evidence, report_lines: Sequence[Row]) -> Summary:
    """Sum up evidence."""
    about, proof = _describe_subject(evidence, report_lines), _describe_proof(evidence.postbacks)
    if evidence.item is not None and evidence.item["kind"] == "bank":
        proof = []
    if evidence.item is None:
        return Summary(f"What happened to {evidence.id}", about, tuple(proof))
    item = evidence.item
    facts = item["facts"]
    sides = [_describe_side(words, facts[name]) for name, words in _SIDES.items() if has_money(facts.get(name))]
    sides += [_MISSING[each] for each in (item["class"], item["late_class"]) if each in _MISSING]
    stake = f"In question: {write_money(item['stake'], item['currency'])}"
    title = write_title(item["class"], item["late_class"])
    return Summary(title, about, (*(f"{each}." for each in sides), f"{stake}.", *proof))


def _describe_subject(evidence: Evidence, report_lines: Sequence[Row]) -> str:
    item = evidence.item
    if item is not None:
        parts = [item["name"], item["subject"], f"{item['period']:%B %Y}"]
    else:
        rows = [*evidence.conversions, *report_lines, *evidence.postbacks]
        parts = [rows[0]["source"], rows[0]["transaction_id"] or rows[0]["click_id"]] if rows else []
    return " · ".join(str(part) for part in parts if part)


def has_money(side: object) -> bool:
    """Return whether a fact is a side with an amount."""
    return isinstance(side, dict) and {"amount", "currency"} <= side.keys()


def _describe_side(words: str, side: Mapping[str, Any]) -> str:
    money = write_money(Decimal(side["amount"]), side["currency"])
    status = str(side.get("status") or "").replace("no_money", "without money")
    return f"{words} {money} {status}".rstrip()


def _describe_proof(postbacks: Sequence[Row]) -> list[str]:
    """Say how many postbacks were proved to be the network's."""
    taken = [row for row in postbacks if row["verdict"] in ("accepted", "updated", "duplicate")]
    signed = sum(row["signature"]["result"] == "valid" for row in taken)
    if not taken:
        return ["No postback about it was accepted."] if not postbacks else [_describe_refused(postbacks)]
    arrived = f"{count(len(taken), 'postback')} about it arrived and {'was' if len(taken) == 1 else 'were'} accepted"
    return [f"{arrived}; {signed} of {len(taken)} carried a valid signature of the source."]


def _describe_refused(postbacks: Sequence[Row]) -> str:
    reasons = ", ".join(dict.fromkeys(str(row["reason"] or row["verdict"]) for row in postbacks))
    return f"{count(len(postbacks), 'postback')} about it arrived, and none was accepted: {reasons}."
