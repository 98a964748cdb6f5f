"""Renders evidence as one HTML page that needs no script, no network and no other file. Every value is text."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from postledger.audit.evidence.gather import Evidence
from postledger.audit.evidence.summary import has_money, sum_up
from postledger.finance.rules.decision_rule import VERBS
from postledger.reconciliation.month_page.amounts import write_money, write_number
from postledger.reconciliation.month_page.words import explain_class
from postledger.reconciliation.rules.facts_table import lay_out_facts

_MARKS: Mapping[str, str] = {"valid": "✓", "token": "✓", "invalid": "✗", "not_required": "–", "not_checked": "–"}


def write_page(evidence: Evidence) -> str:
    """Write the page."""
    report_lines = [line for each in evidence.conversions for line in each["report_lines"]] + evidence.report_lines
    bills = [bill for each in evidence.conversions for bill in each.get("bills", [])] + evidence.bills
    owed = [row for each in evidence.conversions for row in each.get("receivables", [])] + evidence.receivables
    values: dict[str, Any] = {
        "evidence": evidence,
        "item": evidence.item,
        "summary": sum_up(evidence, report_lines),
        "table": None if evidence.item is None else lay_out_facts(_write_amounts(evidence.item["facts"])),
        "report_lines": report_lines,
        "bills": bills,
        "receivables": owed,
    }
    return _environment().get_template("evidence.html").render(values)


def _write_amounts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the amounts of all sides as the rest of the page has them."""
    return {
        name: side | {"amount": write_number(Decimal(side["amount"]), side["currency"])} if has_money(side) else side
        for name, side in facts.items()
    }


def _write_money(amount: Decimal | None, currency: str | None) -> str:
    if amount is None:
        return "no amount"
    return write_money(amount, currency) if currency else f"{amount:f}"


def _write_time(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S UTC")


@cache
def _environment() -> Environment:
    loaders = [PackageLoader("postledger.audit", "evidence"), PackageLoader("postledger.reconciliation", "month_page")]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(money=_write_money, time=_write_time, explained=explain_class)
    environment.globals.update(marks=_MARKS, verbs=VERBS)
    return environment
