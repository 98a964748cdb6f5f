"""Says, slowly and one after the other, what the passes over a report must find. The tests compare both."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from postledger.reconciliation.rules.copy_text import fingerprint
from postledger.reconciliation.rules.statement_lines import ReportLine

WINDOW = timedelta(hours=48)
TOLERANCE = Decimal("0.01")
PAYS = ("pending", "approved")


class Sale(msgspec.Struct, frozen=True):
    """A conversion as it stood at the moment of the comparison."""

    key: str
    event: str
    transaction_id: str | None
    click_id: str
    at: datetime
    status: str
    payout: Decimal
    currency: str
    in_books: bool
    in_report: bool

    @property
    def worth(self) -> Decimal:
        return self.payout if self.status in PAYS else Decimal(0)


class Group(NamedTuple):
    """The lines of one transaction id, event and currency."""

    no: int
    lines: tuple[ReportLine, ...]
    worth: Decimal
    status: str | None
    at: datetime | None

    @property
    def first(self) -> ReportLine:
        return self.lines[0]

    @property
    def click_id(self) -> str | None:
        return min((line.click_id for line in self.lines if line.click_id is not None), default=None)


class Found(NamedTuple):
    """What is expected: the work items, each as class, stake and currency, and the conversion of each line."""

    items: list[tuple[str, Decimal, str]]
    claims: dict[int, str]


def find(sales: Sequence[Sale], lines: Sequence[ReportLine]) -> Found:
    """Find what each line and each conversion of the month is."""
    groups, duplicates = _group(lines)
    book = _Book(groups, sales)
    book.claim(_by_id)
    book.claim(_by_id)
    book.claim(_by_id_alone)
    for by, with_id in (("amount", False), ("event", False), ("event", True), ("", False), ("", True)):
        book.claims.update(list(_by_click(book.left(), book.free(), by, with_id=with_id)))
    sure, proposed = _by_amount(book)
    book.claims.update(sure)
    book.claim_refunds()
    claims = {line.line_no: key for group in groups for line in group.lines if (key := book.claims.get(group.no))}
    items = [*_judge_pairs(book), *_judge_left(book, proposed)]
    items += [("duplicate_line", abs(worth_of(line)), line.currency) for line in duplicates if worth_of(line)]
    return Found(sorted(items), claims)


def worth_of(line: ReportLine) -> Decimal:
    """What a line pays."""
    return line.amount if line.status in PAYS or (line.status == "reversed" and line.amount < 0) else Decimal(0)


class _Book:
    """Which groups are claimed, and what is left."""

    def __init__(self, groups: Sequence[Group], sales: Sequence[Sale]) -> None:
        in_order = sorted(sales, key=lambda each: (each.at, each.key))
        self.groups, self.sales = groups, {sale.key: sale for sale in in_order}
        self.claims: dict[int, str] = {}

    def left(self) -> list[Group]:
        return [group for group in self.groups if group.no not in self.claims]

    def free(self) -> list[Sale]:
        return [sale for sale in self.sales.values() if sale.key not in self.claims.values()]

    def claim(self, choose: Callable[[list[Group], list[Sale]], Iterable[tuple[int, str]]]) -> None:
        self.claims.update(choose(self.left(), self.free()))

    def claim_refunds(self) -> None:
        taken = {(key, group.first.currency) for group in self.groups if (key := self.claims.get(group.no)) is not None}
        for group in self.left():
            if group.status is not None:
                continue
            line = group.first
            found = {
                sale.key
                for sale in self.sales.values()
                if sale.currency == line.currency
                and {currency for key, currency in taken if key == sale.key} <= {line.currency}
                and (
                    sale.transaction_id == line.transaction_id
                    if line.transaction_id is not None
                    else sale.click_id == group.click_id
                )
            }
            if len(found) == 1:
                self.claims[group.no] = found.pop()


def _group(lines: Sequence[ReportLine]) -> tuple[list[Group], list[ReportLine]]:
    seen, duplicates = set[str](), list[ReportLine]()
    found = defaultdict[object, list[ReportLine]](list)
    for line in sorted(lines, key=lambda each: each.line_no):
        if line.transaction_id is None:
            found[line.line_no].append(line)
        elif fingerprint(line) in seen:
            duplicates.append(line)
        else:
            seen.add(fingerprint(line))
            found[line.transaction_id, line.event, line.currency].append(line)
    return [_sum(each) for each in found.values()], duplicates


def _sum(lines: Sequence[ReportLine]) -> Group:
    worth = sum((worth_of(line) for line in lines), Decimal(0))
    said = {str(line.status) for line in lines if line.amount >= 0}
    status = _choose_status(said)
    if said and worth == 0 and any(line.amount < 0 for line in lines):
        status = "reversed"
    return Group(
        lines[0].line_no, tuple(lines), worth, status, min(line.happened_at for line in lines if line.happened_at)
    )


def _choose_status(said: set[str]) -> str | None:
    return next((status for status in ("approved", "pending", "reversed", "rejected") if status in said), None)


def _by_id(left: list[Group], free: list[Sale]) -> Iterable[tuple[int, str]]:
    pairs = [
        (group, sale)
        for group in left
        for sale in free
        if group.first.transaction_id is not None
        and (group.first.transaction_id, group.first.event) == (sale.transaction_id, sale.event)
    ]
    for group, sale in pairs:
        best_group = min(
            (each for each, of in pairs if of is sale), key=lambda each: (each.first.currency != sale.currency, each.no)
        )
        best_sale = min((of for each, of in pairs if each is group), key=lambda of: (of.at, of.key))
        if best_group is group and best_sale is sale:
            yield group.no, sale.key


def _by_id_alone(left: list[Group], free: list[Sale]) -> Iterable[tuple[int, str]]:
    pairs = [
        (group, sale)
        for group in left
        for sale in free
        if group.first.transaction_id is not None and group.first.transaction_id == sale.transaction_id
    ]
    for group, sale in pairs:
        mine = [of for each, of in pairs if each is group]
        alike = [of for of in mine if (of.worth, of.currency) == (group.worth, group.first.currency)]
        if len([1 for _, of in pairs if of is sale]) == 1 and (len(mine) == 1 or alike == [sale]):
            yield group.no, sale.key


def _by_click(left: list[Group], free: list[Sale], by: str, *, with_id: bool) -> Iterable[tuple[int, str]]:
    def likeness(currency: str, worth: Decimal, event: str | None) -> object:
        return {"amount": (currency, worth), "event": event, "": ""}[by]

    groups, sales = defaultdict[object, list[Group]](list), defaultdict[object, list[Sale]](list)
    for group in sorted(left, key=lambda each: (each.at, each.no)):
        line = group.first
        if group.status is None or group.click_id is None:
            continue
        if by == "amount" or (line.transaction_id is not None) == with_id:
            like = likeness(line.currency, group.worth, line.event)
            if like is not None:
                groups[group.click_id, like].append(group)
    for sale in sorted(free, key=lambda each: (not (each.in_books or each.in_report), each.at, each.key)):
        if by == "amount" or not with_id or sale.transaction_id is None:
            sales[sale.click_id, likeness(sale.currency, sale.worth, sale.event)].append(sale)
    for place, found in groups.items():
        yield from ((group.no, sale.key) for group, sale in zip(found, sales[place], strict=False))


def _by_amount(book: _Book) -> tuple[dict[int, str], dict[int, set[str]]]:
    left, free = book.left(), book.free()

    def near(group: Group, sale: Sale) -> bool:
        return (
            group.worth > 0 and group.worth == sale.worth and group.first.currency == sale.currency
            and group.at is not None and abs(group.at - sale.at) <= WINDOW
        )  # fmt: skip

    sure, proposed = dict[int, str](), dict[int, set[str]]()
    for group in left:
        candidates = [sale for sale in free if near(group, sale)]
        if not candidates:
            continue
        (rival_lines,) = ([each for each in left if near(each, candidates[0])],)
        is_only = len(candidates) == 1 and len(rival_lines) == 1
        contradict = group.click_id is not None or (
            group.first.transaction_id is not None and candidates[0].transaction_id is not None
        )
        alone = len([sale for sale in book.sales.values() if near(group, sale)]) == 1
        alone = alone and len([each for each in book.groups if near(each, candidates[0])]) == 1
        if is_only and (alone or not contradict):
            sure[group.no] = candidates[0].key
        else:
            assert group.at is not None, "it is near something"
            before = [sale for sale in candidates if sale.at <= group.at]
            after = [sale for sale in candidates if sale.at > group.at]
            proposed[group.no] = {sale.key for sale in (*before[-1:], *after[:1])}
    return sure, proposed


def _judge_pairs(book: _Book) -> Iterable[tuple[str, Decimal, str]]:
    by_sale = defaultdict[str, list[Group]](list)
    for group in book.groups:
        if group.no in book.claims:
            by_sale[book.claims[group.no]].append(group)
    for key, groups in by_sale.items():
        found = _judge(book.sales[key], groups)
        if found is not None:
            yield (*found, book.sales[key].currency)


def _judge(sale: Sale, groups: Sequence[Group]) -> tuple[str, Decimal] | None:
    paid = sum((group.worth for group in groups), Decimal(0))
    status = _choose_status({group.status for group in groups if group.status is not None})
    if paid == 0 and any(group.worth < 0 for group in groups):
        status = "reversed"
    if sale.worth == paid == 0:
        return None
    if min(group.first.currency for group in groups) != sale.currency:
        return "currency_differs", abs(sale.worth) or abs(paid)
    if status in PAYS and status != sale.status:
        return "status_differs", max(abs(sale.worth), abs(paid))
    if status in ("rejected", "reversed") and sale.status in PAYS:
        return "status_differs", max(abs(sale.worth), abs(paid))
    if abs(sale.worth - paid) > TOLERANCE:
        return "amount_differs", abs(sale.worth - paid)
    return None if sale.in_books or paid == 0 else ("other_period", abs(paid))


def _judge_left(book: _Book, proposed: dict[int, set[str]]) -> Iterable[tuple[str, Decimal, str]]:
    offered = set().union(*proposed.values()) if proposed else set[str]()
    for group in book.left():
        if group.worth:
            yield "proposed" if group.no in proposed else "missing_in_ledger", abs(group.worth), group.first.currency
    for sale in book.free():
        if (sale.in_books or sale.in_report) and sale.worth and sale.key not in offered:
            yield "missing_at_network" if sale.in_report else "other_period", sale.worth, sale.currency
