"""Matches lines with what is open of their payees: one amount, all, the only subset, or these with a tolerance."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.parts import Means, list_amounts, share_out
from postledger.reconciliation.rules.matching.solutions import Solution, find_only, list_means, pay_in_full
from postledger.reconciliation.rules.matching.subjects import Line, Match, Method
from postledger.reconciliation.rules.matching.subset_sums import SEARCHED_UP_TO, SURE_UP_TO

_MOST_NEAR = 5
"""So many single items above and below an amount are looked at."""
_MOST_SEARCHED = 100
"""So many subsets near an amount are looked at."""


def match_singles(board: Board, lines: Sequence[Line]) -> Iterator[tuple[Line, Match]]:
    """Match lines with the items of exactly their amount.

    As many lines as items of one amount pay them in order of time. Of more items than lines none is chosen.
    """
    groups: dict[frozenset[str], list[Line]] = defaultdict(list)
    for line in lines:
        if ids := frozenset(each.payments[0][0].id for each in list_singles(board, line)):
            groups[ids].append(line)
    for ids, members in groups.items():
        yield from _pair(board, ids, members)


def match_all(board: Board, line: Line) -> Match | None:
    """Match a line that is all that is open of its payees."""
    return find_only(line, _list_all(board, line))


def match_subset(board: Board, line: Line) -> Match | None:
    """Match a line with the only subset of what is open, if so few items are open that chance is no answer."""
    return find_only(line, list_subsets(board, line, SURE_UP_TO))


def match_near(board: Board, line: Line) -> Match | None:
    """Match a line with the only items that it pays within a tolerance, if its account says who is paid."""
    if board.who(line).reason is not None:
        return None
    return find_only(line, list_near(board, line, SURE_UP_TO))


def match_only_item(board: Board, line: Line) -> Match | None:
    """Match a line with the only open item of its payee: a part of it, or all of it and more, which is unapplied.

    What can be a fee instead is left.
    """
    who, currencies = board.who(line), board.items.list_currencies(board.who(line).payees, line.pays)
    counts = [board.items.count(who.payees, line.pays, currency) for currency in currencies]
    if who.reason is not None or sum(counts) != 1:
        return None
    due, means = board.list_due(who, line.pays, line.currency), Means(line.currency, abs(line.amount))
    if not due or isinstance(pay_in_full(board, line, due, means, "payee_amount"), Solution):
        return None
    payments = share_out(due, means.amount)
    return Solution(tuple(payments), means, "unapplied", "payee_amount").make_match(line)


def list_singles(board: Board, line: Line) -> list[Solution]:
    """Return the items of exactly the amount of a line."""
    found = {
        item.id: ((item, amount), means)
        for means in list_means(board, line)
        if means.exact
        for amount in list_amounts(line, means)
        for item in board.items.find(board.who(line).payees, line.pays, means.currency, amount, amount)
    }
    return _keep_solutions(
        pay_in_full(board, line, [payment], means, "payee_amount") for payment, means in found.values()
    )


def list_subsets(board: Board, line: Line, most_items: int) -> list[Solution]:
    """Return subsets of what is open that are exactly a line."""
    return [
        solution
        for means in list_means(board, line)
        if means.exact
        for amount in list_amounts(line, means)
        for solution in _search(board, line, means, (amount, amount), most_items)
    ]


def list_near(board: Board, line: Line, most_items: int) -> list[Solution]:
    """Return subsets of what is open that are a line within a tolerance."""
    return [
        solution
        for means in list_means(board, line)
        for solution in _search(board, line, means, _find_range(board, means), most_items)
    ]


def list_near_singles(board: Board, line: Line) -> list[Solution]:
    """Return single items that are a line within a tolerance."""
    found = [
        pay_in_full(board, line, [(item, board.items.left(item))], means, "payee_amount")
        for means in list_means(board, line)
        for item in board.items.find_near(board.who(line).payees, line.pays, means.currency, means.amount, _MOST_NEAR)
    ]
    return _keep_solutions(found)


def _list_all(board: Board, line: Line) -> list[Solution]:
    who, found = board.who(line), list[Solution]()
    for means in list_means(board, line):
        if means.exact and board.items.total(who.payees, line.pays, means.currency) in list_amounts(line, means):
            due = board.list_due(who, line.pays, means.currency)
            found += _keep_solutions([pay_in_full(board, line, due, means, "payee_all")] if due else [])
    return found


def _search(
    board: Board, line: Line, means: Means, allowed: tuple[Decimal, Decimal], most_items: int
) -> list[Solution]:
    who = board.who(line)
    if board.items.count(who.payees, line.pays, means.currency) > min(most_items, SEARCHED_UP_TO):
        return []
    due = board.list_due(who, line.pays, means.currency)
    subsets = board.sums(due).find(*allowed, _MOST_SEARCHED)
    found = _keep_solutions(
        pay_in_full(board, line, [due[index] for index in subset], means, _name_method(len(subset), len(due)))
        for subset in subsets
    )
    # Of more subsets than are looked at, one that fits is not the only one.
    return found if len(found) != 1 or len(subsets) < _MOST_SEARCHED else []


def _name_method(number: int, of: int) -> Method:
    if number == 1:
        return "payee_amount"
    return "payee_all" if number == of else "payee_subset"


def _find_range(board: Board, means: Means) -> tuple[Decimal, Decimal]:
    """Return the least and the most that may be due. Each that is found is judged by itself afterwards."""
    terms, amount = board.terms, means.amount
    allowed = 2 * (terms.allow_fee(amount) if means.exact else terms.allow_fx(amount)) + 1
    return amount - allowed, amount + allowed


def _pair(board: Board, ids: Iterable[str], members: Sequence[Line]) -> Iterator[tuple[Line, Match]]:
    items = sorted((board.items[item_id] for item_id in ids), key=lambda item: item.order)
    amounts = {board.items.left(item) for item in items}
    if len(members) < len(items) or len(amounts) > 1 or not min(amounts) > 0:
        return
    for line, item in zip(members, items, strict=False):
        for solution in list_singles(board, line):
            if solution.payments[0][0].id == item.id:
                yield line, solution.make_match(line)


def _keep_solutions(found: Iterable[object]) -> list[Solution]:
    return [each for each in found if isinstance(each, Solution)]
