"""Renders the report of a month as one HTML page that needs no script, no network and no other file."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from postledger.reconciliation.month_page.amounts import (
    write_count,
    write_money,
    write_number,
    write_signed,
    write_time,
)
from postledger.reconciliation.month_page.charts import PATTERNS, Bar, Segment, draw_bars
from postledger.reconciliation.month_page.verdict import list_gaps, sum_up
from postledger.reconciliation.month_page.words import PART_OF_LINE, PARTS, PROOFS, explain_class, write_title
from postledger.reconciliation.rules.month import ClassTotal, MonthReport, SideTotals, SourceMonth, WorkItem

_SETTLED = ("resolved", "accepted")


def write_page(report: MonthReport, blockers: Sequence[object] = (), sha256: bytes | None = None) -> str:
    """Write the page. `blockers` keep the month from being locked. `sha256` is that of a kept report."""
    values: dict[str, Any] = {
        "report": report,
        "verdict": sum_up(report),
        "gaps": list_gaps(report),
        "blockers": [str(blocker) for blocker in blockers],
        "sha256": None if sha256 is None else sha256.hex(),
        "waiting": [item for item in report.items if item.state not in _SETTLED],
        "settled": [item for item in report.items if item.state in _SETTLED],
        "sides_chart": _draw_sides(report.sources),
        "stakes_chart": _draw_stakes(report),
        "patterns": PATTERNS,
        "more_items": sum(total.items for total in report.item_totals) - len(report.items),
        "more_bills": sum(total.number for total in report.bill_totals) - len(report.bills),
        "more_receivables": sum(total.number for total in report.receivable_totals) - len(report.receivables),
    }
    return _environment().get_template("month.html").render(values)


def _draw_sides(sources: Sequence[SourceMonth]) -> str:
    bars = [bar for source in sources for totals in source.totals for bar in _pair(source, totals)]
    return draw_bars(bars, "Ledger and reports of the networks") if bars else ""


def _pair(source: SourceMonth, totals: SideTotals) -> tuple[Bar, Bar]:
    currency, rest = totals.currency, totals.report - totals.matched
    matched = f"matched {write_money(totals.matched, currency)}"
    return (
        Bar(
            f"{source.name}: ledger", write_money(totals.ledger, currency),
            [Segment("plain", totals.ledger, "ledger")], currency,
        ),
        Bar(
            f"{source.name}: report", write_money(totals.report, currency),
            [Segment("solid", totals.matched, matched), Segment("stripes", rest, f"not matched {rest:f}")], currency,
        ),
    )  # fmt: skip


def _draw_stakes(report: MonthReport) -> str:
    classes = [total for source in report.sources for total in source.classes]
    classes += [total for account in report.accounts for total in account.classes]
    bars = [_draw_class(total) for total in _merge(classes)]
    return draw_bars(bars, "Money in question by kind of difference") if bars else ""


def _draw_class(total: ClassTotal) -> Bar:
    text = f"{explain_class(total.item_class).title}: {write_count(total.items)}"
    segments = [
        Segment("solid", total.open_stake, "open"),
        Segment("stripes", total.disputed_stake, "disputed"),
        Segment("plain", total.settled_stake, "settled"),
    ]
    return Bar(text, write_money(total.stake, total.currency), segments, total.currency)


def _merge(totals: Sequence[ClassTotal]) -> list[ClassTotal]:
    """Add up the classes of all sources and accounts: by currency, the largest stake first."""
    merged: dict[tuple[str, str], ClassTotal] = {}
    for total in totals:
        key = (total.item_class, total.currency)
        merged[key] = _add(merged[key], total) if key in merged else total
    return sorted(merged.values(), key=lambda total: (total.currency, -total.stake))


def _add(one: ClassTotal, other: ClassTotal) -> ClassTotal:
    return ClassTotal(
        one.item_class, one.currency, one.items + other.items, one.stake + other.stake,
        one.disputed + other.disputed, one.disputed_stake + other.disputed_stake,
        one.settled + other.settled, one.settled_stake + other.settled_stake,
    )  # fmt: skip


def _list_sides(item: WorkItem) -> dict[str, str]:
    """Write the amounts of both sides of a work item: of ledger, network and bank, or what is due and received."""
    sides = {name: side for name, side in item.facts.items() if isinstance(side, dict)}
    if "received" in item.facts:
        sides = {"due": {"amount": item.facts["amount"]}, "received": {"amount": item.facts["received"]}}
    return {
        name: write_money(Decimal(side["amount"]), side.get("currency") or item.currency)
        for name, side in sides.items()
        if side.get("amount") is not None
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("postledger.reconciliation", "month_page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        money=write_money, number=write_number, signed=write_signed, time=write_time, count=write_count,
        explained=explain_class, sides=_list_sides,
    )  # fmt: skip
    environment.globals.update(parts=PARTS, part_of_line=PART_OF_LINE, proofs=PROOFS, write_title=write_title)
    return environment
