"""Lists the report of a month as rows of one table, for spreadsheets and for a terminal. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from postledger.reconciliation.rules.month import (
    AccountMonth,
    Claim,
    ClaimTotal,
    ClassTotal,
    MonthReport,
    SourceMonth,
    WorkItem,
)
from postledger.reconciliation.rules.work_item import name_class

COLUMNS = (
    "section", "scope", "name", "state", "currency", "number", "amount", "settled", "open", "owner", "note",
)  # fmt: skip
"""`settled`: what of the amount is paid, explained, or was settled by a person. `open`: the rest."""
Row = dict[str, Any]


def list_totals(report: MonthReport) -> list[Row]:
    """List the totals: networks, bank accounts, bills, receivables."""
    return [
        *(row for source in report.sources for row in _list_source(source)),
        *(row for account in report.accounts for row in _list_account(account)),
        *_list_claim_totals("bills", report.bill_totals),
        *_list_claim_totals("receivables", report.receivable_totals),
    ]


def list_all(report: MonthReport) -> list[Row]:
    """List the totals, then each bill, receivable and work item that the report has."""
    return [
        *list_totals(report),
        *_list_claims("bill", report.bills),
        *_list_claims("receivable", report.receivables),
        *map(_list_item, report.items),
    ]


def _row(section: str, scope: str | None, name: str, **values: Any) -> Row:
    return dict.fromkeys(COLUMNS) | {"section": section, "scope": scope, "name": name} | values


def _list_source(source: SourceMonth) -> Iterator[Row]:
    for totals in source.totals:
        sides: Sequence[tuple[str, int, Decimal]] = (
            ("ledger", totals.conversions, totals.ledger),
            ("report", totals.lines, totals.report),
        )
        for name, number, amount in sides:
            yield _row("network", source.source, name, currency=totals.currency, number=number, amount=amount)
    for each in source.bridge:
        yield _row(
            "network", source.source, f"report - ledger: {each.item_class}", currency=each.currency,
            number=each.conversions or each.lines, amount=each.difference,
        )  # fmt: skip
    yield from _list_classes("network", source.source, source.classes)


def _list_classes(section: str, scope: str, classes: Iterable[ClassTotal]) -> Iterator[Row]:
    for total in classes:
        yield _row(
            section, scope, total.item_class, currency=total.currency, number=total.items, amount=total.stake,
            settled=total.settled_stake, open=total.stake - total.settled_stake,
        )  # fmt: skip


def _list_account(account: AccountMonth) -> Iterator[Row]:
    scope, currency = account.account, account.currency
    yield _row("bank", scope, "opening", currency=currency, amount=account.opening)
    for flow in account.flows:
        yield _row(
            "bank", scope, f"money {flow.direction}", currency=currency, number=flow.lines, amount=flow.amount,
            settled=flow.explained, open=flow.unexplained,
        )  # fmt: skip
    yield _row("bank", scope, "closing", state=account.proof, currency=currency, amount=account.closing)
    for part in account.parts:
        yield _row("bank", scope, part.part, currency=currency, number=part.parts, amount=part.amount)
    yield from _list_classes("bank", scope, account.classes)


def _list_claim_totals(section: str, totals: Iterable[ClaimTotal]) -> Iterator[Row]:
    for each in totals:
        yield _row(
            section, None, "total", currency=each.currency, number=each.number, amount=each.due, settled=each.settled,
            open=each.open,
        )  # fmt: skip


def _list_claims(section: str, claims: Iterable[Claim]) -> Iterator[Row]:
    for each in claims:
        yield _row(
            section, each.payee, each.number, state=each.state, currency=each.currency, number=1, amount=each.amount,
            settled=each.settled, open=each.open,
        )  # fmt: skip


def _list_item(item: WorkItem) -> Row:
    name = f"{item.id} {name_class(item.item_class, item.late_class)} {item.subject}".rstrip()
    return _row(
        "work item", item.scope, name, state=item.state,
        currency=item.currency, number=1, amount=item.stake, owner=item.owner, note=item.note,
    )  # fmt: skip
