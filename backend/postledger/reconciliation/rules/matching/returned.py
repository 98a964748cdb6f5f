"""Matches a line that takes a payment back. What it paid is open again."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from postledger.finance.rules.bill_amounts import add
from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.parts import FEE_SHARE
from postledger.reconciliation.rules.matching.subjects import Line, Match, Part, PartName, Settled


def match_returned(board: Board, line: Line) -> Match | None:
    """Match a line that returns the newest payment of what it names, or, if the bank calls it a return, the only one
    with its account or reference.
    """
    if board.named(line).reason is not None:
        return None
    if takes_named_back(board, line):
        found = list_returns(board, line)
        return found[-1] if found else None
    found = list_returns(board, line) if line.reversal else []
    return found[0] if len(found) == 1 else None


def takes_named_back(board: Board, line: Line) -> bool:
    """Return whether a line names what one with its sign does not pay."""
    kinds = {item.kind for item in board.named(line).items}
    return bool(kinds) and (line.reversal or line.pays not in kinds)


def list_returns(board: Board, line: Line) -> list[Match]:
    """Return the payments that a line can take back as its matches, the newest last. Equal amounts go first."""
    if takes_named_back(board, line):
        payments = board.payments.find_of_items(board.named(line).ids, line)
    else:
        payments = board.payments.find_alike(line)
    standing = [each for each in payments if board.payments.is_whole(each) and _stands(board, each)]
    exact = [each for each in standing if abs(line.amount) in (_pay(each), abs(each.line.amount))]
    found = [_take_back(board, line, each) for each in exact or standing]
    return [match for match in found if match is not None]


def _stands(board: Board, payment: Settled) -> bool:
    """Whether what it paid is still paid."""
    paid = [(part.item, part.applied) for part in payment.match.parts if part.applied is not None]
    return bool(paid) and all(board.items.is_paid(item, applied) for item, applied in paid)


def _take_back(board: Board, line: Line, payment: Settled) -> Match | None:
    parts = payment.match.parts
    if line.amount == -payment.line.amount:
        return Match(payment.match.method, tuple(_turn(part) for part in parts))
    turned = [_turn(part) for part in parts if part.part == "payment"]
    left = line.amount - add(part.amount for part in turned)
    rest = _name_rest(board, line, turned, left)
    if rest is None:
        return None
    return Match(payment.match.method, tuple([*turned, Part(rest, left)] if left else turned))


def _name_rest(board: Board, line: Line, turned: Sequence[Part], left: Decimal) -> PartName | None:
    """As what the difference of a return counts: the fee that was kept of it, or what the rate of another day makes."""
    paid = abs(add(part.amount for part in turned))
    most_fee = min(board.terms.allow_fee(paid), paid * FEE_SHARE)
    if any(part.applied_currency != line.currency for part in turned):
        return "fx" if abs(left) <= board.terms.allow_fx(paid) + most_fee else None
    return "fee" if -most_fee <= left <= 0 else None


def _pay(payment: Settled) -> Decimal:
    return abs(add(part.amount for part in payment.match.parts if part.part == "payment"))


def _turn(part: Part) -> Part:
    return replace(part, amount=-part.amount, applied=None if part.applied is None else -part.applied)
