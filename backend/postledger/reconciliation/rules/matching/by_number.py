"""Matches a line with the bills and receivables whose numbers it names."""

from decimal import Decimal

from msgspec.structs import replace

from postledger.finance.rules.bill_amounts import add
from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.parts import Means, Payment, find_means, make_parts, share_out
from postledger.reconciliation.rules.matching.solutions import Solution, find_only, pay_in_full
from postledger.reconciliation.rules.matching.subjects import Line, Match, PartName, Reason


def match_named(board: Board, line: Line) -> Match | None:
    """Match a line that pays what it names: in full, or one item in part, or in part together with other lines."""
    due, means = list_named_due(board, line), find_named_means(board, line)
    if not due or isinstance(means, Reason) or board.named(line).reason is not None:
        return None
    if board.sum_together(line) == _add(due) and means.rate is None:
        return _pay_as_far_as_it_goes(line, due, means)
    solution = pay_in_full(board, line, due, means, "reference")
    if isinstance(solution, Solution):
        return find_only(line, [solution])
    in_part = len(due) == 1 and len(board.named(line).items) == 1 and means.exact and means.amount < _add(due)
    return _pay_as_far_as_it_goes(line, due, means) if in_part else None


def match_overpaid(board: Board, line: Line) -> Match | None:
    """Match a line that is more than all that it names: the rest is unapplied, unless it can be a fee."""
    means = find_named_means(board, line)
    if not pays_named(board, line) or isinstance(means, Reason) or board.named(line).reason is not None:
        return None
    due = list_named_due(board, line)
    if not means.exact or means.amount <= _add(due):
        return None
    if isinstance(pay_in_full(board, line, due, means, "reference"), Solution):
        return None
    *parts, rest = make_parts(line, due, means, "unapplied")
    named = board.named(line).items
    if len(named) == 1:
        rest = replace(rest, item=named[0].id, item_kind=named[0].kind)
    return Match("reference", (*parts, rest))


def pays_named(board: Board, line: Line) -> bool:
    """Return whether a line pays what it names, and does not take it back."""
    named = board.named(line)
    return bool(named.items) and not line.reversal and {item.kind for item in named.items} == {line.pays}


def list_named_due(board: Board, line: Line) -> list[Payment]:
    """Return what is open of the items that a line names, the oldest first."""
    if not pays_named(board, line):
        return []
    left = [(item, board.items.left(item)) for item in board.named(line).items]
    return [(item, amount) for item, amount in left if amount > 0]


def find_named_means(board: Board, line: Line) -> Means | Reason:
    """Return what a line pays in the currency of the items that it names."""
    items = board.named(line).items
    return find_means(line, items[0].currency, board.terms) if items else Reason.NOTHING_OPEN


def _pay_as_far_as_it_goes(line: Line, due: list[Payment], means: Means) -> Match:
    rest: PartName = "rounding" if means.rate is None else "fx"
    return Match("reference", make_parts(line, share_out(due, means.amount), means, rest))


def _add(due: list[Payment]) -> Decimal:
    return add(amount for _, amount in due)
