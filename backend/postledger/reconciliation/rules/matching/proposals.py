"""Proposes what a line may be if chance or several solutions are possible, and says why no match was made."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.by_number import find_named_means, list_named_due
from postledger.reconciliation.rules.matching.by_payee import list_near, list_near_singles, list_singles, list_subsets
from postledger.reconciliation.rules.matching.parts import Means, find_means, list_amounts, make_parts, share_out
from postledger.reconciliation.rules.matching.returned import list_returns, takes_named_back
from postledger.reconciliation.rules.matching.returned_in_part import list_returns_in_part
from postledger.reconciliation.rules.matching.solutions import Solution, list_means, pay_in_full
from postledger.reconciliation.rules.matching.subjects import (
    Item,
    ItemKind,
    Line,
    Match,
    Method,
    Outcome,
    PartName,
    Reason,
)
from postledger.reconciliation.rules.matching.subset_sums import SEARCHED_UP_TO, SURE_UP_TO

MOST_PROPOSED = 5
_MOST_BY_AMOUNT = 5
"""An amount that so many payees are due says nothing about who is paid."""

_AmountKey = tuple[ItemKind, str, Decimal]


class Proposer:
    """Proposes matches once everything certain is matched."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._by_amount: dict[_AmountKey, list[Item]] = defaultdict(list)
        for item in board.items.list_all():
            self._by_amount[item.kind, item.currency, board.items.left(item)].append(item)

    def propose(self, line: Line, undone: Match | None = None) -> Outcome:
        """Return the proposals for a line. `undone`: what would be made, had no person undone it before."""
        if undone is not None:
            return Outcome(line, None, (undone,), (Reason.UNDONE,))
        for propose in (
            self._propose_named,
            self._propose_returned,
            self._propose_of_payee,
            self._propose_by_amount,
            self._propose_returned_in_part,
        ):
            if outcome := propose(line):
                return outcome
        return Outcome(line, reasons=(Reason.NOTHING_OPEN,) if self._board.who(line).payees else ())

    def _propose_named(self, line: Line) -> Outcome | None:
        named, board = self._board.named(line), self._board
        if not named.items or takes_named_back(board, line):
            return None
        due, means = list_named_due(board, line), find_named_means(board, line)
        if named.reason is Reason.OTHER_ACCOUNT and isinstance(means, Means) and due:
            return _propose(line, [_pay(line, due, means)], named.reason)
        if named.reason is not None or isinstance(means, Reason) or not due:
            return _propose(line, self._pay_each(line, due), named.reason or _reason_of(means))
        full = pay_in_full(board, line, due, means, "reference")
        reason = full if isinstance(full, Reason) else full.doubt or Reason.SEVERAL_SOLUTIONS
        return _propose(line, _pay_or_call_it_a_fee(line, due, means), reason)

    def _pay_each(self, line: Line, due: Iterable[tuple[Item, Decimal]]) -> list[Match]:
        """Pay one of several items, as a person may choose."""
        found: list[Match] = []
        for item, amount in due:
            means = find_means(line, item.currency, self._board.terms)
            if isinstance(means, Means) and item.payable:
                found.append(_pay(line, [(item, amount)], means))
        return found

    def _propose_returned(self, line: Line) -> Outcome | None:
        if found := list_returns(self._board, line):
            return _propose(line, found[::-1], Reason.RETURNED)
        return self._propose_returned_in_part(line) if takes_named_back(self._board, line) else None

    def _propose_returned_in_part(self, line: Line) -> Outcome | None:
        found = list_returns_in_part(self._board, line)
        return _propose(line, found[::-1], Reason.RETURNED_IN_PART) if found else None

    def _propose_of_payee(self, line: Line) -> Outcome | None:
        board, who = self._board, self._board.who(line)
        if line.reversal or not who.payees:
            return None
        certain = [] if who.reason is None else [who.reason]
        exact = list_singles(board, line) or list_subsets(board, line, SEARCHED_UP_TO)
        found = exact or list_near(board, line, SEARCHED_UP_TO) or list_near_singles(board, line)
        if found:
            many = [Reason.MANY_OPEN] if self._count_open(line) > SURE_UP_TO else []
            several = [Reason.SEVERAL_SOLUTIONS] if len(found) > 1 else []
            doubts = [each.doubt for each in found[:MOST_PROPOSED] if each.doubt is not None]
            return _propose(line, _list_matches(line, found), *certain, *doubts, *several, *many)
        return self._propose_in_part(line, certain)

    def _propose_in_part(self, line: Line, certain: list[Reason]) -> Outcome | None:
        board = self._board
        for means in list_means(board, line):
            total = board.items.total(board.who(line).payees, line.pays, means.currency)
            if total > 0:
                due = board.iterate_due(board.who(line), line.pays, means.currency)
                reason = Reason.PARTIAL if means.amount < total else Reason.OVERPAID
                return _propose(line, [_pay(line, due, means, "payee_all")], *certain, reason)
        return None

    def _propose_by_amount(self, line: Line) -> Outcome | None:
        if line.reversal or self._board.who(line).payees:
            return None
        means = Means(line.currency, abs(line.amount))
        items = [
            item
            for amount in list_amounts(line, means)
            for item in self._by_amount.get((line.pays, line.currency, amount), ())
        ]
        if not 0 < len(items) <= _MOST_BY_AMOUNT:
            return None
        found = [
            pay_in_full(self._board, line, [(each, self._board.items.left(each))], means, "payee_amount")
            for each in items
        ]
        return _propose(
            line, [each.make_match(line) for each in found if isinstance(each, Solution)], Reason.AMOUNT_ONLY
        )

    def _count_open(self, line: Line) -> int:
        board, payees = self._board, self._board.who(line).payees
        return max(board.items.count(payees, line.pays, means.currency) for means in list_means(board, line))


def _pay_or_call_it_a_fee(line: Line, due: list[tuple[Item, Decimal]], means: Means) -> list[Match]:
    rest: PartName = "fee" if means.rate is None else "fx"
    return [_pay(line, due, means), Match("reference", make_parts(line, due, means, rest))]


def _list_matches(line: Line, solutions: Iterable[Solution]) -> list[Match]:
    """Return the matches of solutions. A fee that is not sure can be unapplied as well."""
    return [
        each.make_match(line)
        for solution in solutions
        for each in ([] if solution.doubt is None else [replace(solution, rest="unapplied", doubt=None)]) + [solution]
    ]


def _pay(line: Line, due: Iterable[tuple[Item, Decimal]], means: Means, method: Method = "reference") -> Match:
    """Pay as far as the line goes, the oldest first. What is left over is unapplied."""
    rest: PartName = "unapplied" if means.rate is None else "fx"
    return Match(method, make_parts(line, share_out(due, means.amount), means, rest))


def _reason_of(means: Means | Reason) -> Reason:
    return means if isinstance(means, Reason) else Reason.NOTHING_OPEN


def _propose(line: Line, found: list[Match], *reasons: Reason) -> Outcome:
    return Outcome(line, None, tuple(dict.fromkeys(found))[:MOST_PROPOSED], tuple(dict.fromkeys(reasons)))
