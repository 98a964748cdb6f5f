"""Turns items that a line pays into the match that it is."""

from collections.abc import Iterable, Sequence

import msgspec

from postledger.finance.rules.bill_amounts import add
from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.parts import (
    Means,
    Payment,
    find_means,
    is_doubtful_fee,
    make_parts,
    name_rest,
)
from postledger.reconciliation.rules.matching.subjects import Line, Match, Method, PartName, Reason


class Solution(msgspec.Struct, frozen=True):
    """Payments that a line can be, and as what the rest of it counts. `doubt`: why it is only proposed."""

    payments: tuple[Payment, ...]
    means: Means
    rest: PartName
    method: Method
    doubt: Reason | None = None

    def make_match(self, line: Line) -> Match:
        """Return the match of a line."""
        return Match(self.method, make_parts(line, self.payments, self.means, self.rest))


def pay_in_full(board: Board, line: Line, due: Sequence[Payment], means: Means, method: Method) -> Solution | Reason:
    """Pay all that is due with a line, or say why it does not fit."""
    total = add(amount for _, amount in due)
    rest = name_rest(line, means, total, board.terms, single=len(due) == 1)
    if isinstance(rest, Reason):
        return rest
    is_doubtful = rest == "fee" and is_doubtful_fee(line, means, total)
    return Solution(tuple(due), means, rest, method, Reason.FEE_BEYOND_TOLERANCE if is_doubtful else None)


def find_only(line: Line, solutions: Iterable[Solution]) -> Match | None:
    """Return the match of the only solution, if it is sure. Of several none is chosen."""
    found = list(solutions)
    return found[0].make_match(line) if len(found) == 1 and found[0].doubt is None else None


def list_means(board: Board, line: Line) -> list[Means]:
    """Return what a line pays in each currency in which its payees have something open."""
    currencies = board.items.list_currencies(board.who(line).payees, line.pays)
    found = (find_means(line, currency, board.terms) for currency in currencies)
    return [means for means in found if isinstance(means, Means)]
