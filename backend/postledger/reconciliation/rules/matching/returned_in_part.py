"""Matches a line that takes a part of a payment back. That part of what it paid is open again."""

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from msgspec.structs import replace

from postledger.finance.rules.bill_amounts import add
from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.parts import FEE_SHARE, round_amount
from postledger.reconciliation.rules.matching.returned import takes_named_back
from postledger.reconciliation.rules.matching.subjects import Item, Line, Match, Part, Settled

_Portion = tuple[Part, Decimal]
"""A part of a payment, and how much of it comes back, in the currency of the line."""
_COME_BACK = ("payment", "unapplied")
"""What can come back. A fee that the bank took does not."""


def match_returned_in_part(board: Board, line: Line) -> Match | None:
    """Match a line that the bank calls a return, and that names what was paid or has the reference of its payment.

    Only if all the payments that it can be of leave no doubt.
    """
    if not line.reversal or board.named(line).reason is not None:
        return None
    payments, found = _list_referenced(board, line), list_returns_in_part(board, line)
    is_sure = len(found) == 1 and bool(payments) and all(_is_clear(board, line, each) for each in payments)
    return found[0] if is_sure else None


def list_returns_in_part(board: Board, line: Line) -> list[Match]:
    """Return what a line can take back a part of, the newest payment last.

    It is of what it names, else of a payment with its reference, else of one with its account.
    """
    named = board.named(line).items if takes_named_back(board, line) else ()
    payments = _list_referenced(board, line)
    if len(named) == 1 and named[0].currency == line.currency and not any(map(_is_overpaid, payments)):
        return _take_item_back(board, line, named[0])
    if not payments and not named:
        payments = board.payments.find_alike(line)
    ids = {item.id for item in named}
    return [match for payment in payments for match in _take_payment_back(board, line, payment, ids)]


def _list_referenced(board: Board, line: Line) -> list[Settled]:
    if takes_named_back(board, line):
        return board.payments.find_of_items(board.named(line).ids, line)
    return board.payments.find_by_reference(line)


def _is_clear(board: Board, line: Line, payment: Settled) -> bool:
    """Whether a line cannot be the whole payment less a fee, and it is known what the payment paid."""
    paid = [part for part in payment.match.parts if part.applied is not None]
    most = board.payments.left(payment) * (1 - FEE_SHARE)
    is_known = len(paid) == 1 and paid[0].applied_currency == line.currency and not _is_overpaid(payment)
    return is_known and abs(line.amount) < most


def _is_overpaid(payment: Settled) -> bool:
    """Whether it can be too much that comes back."""
    return any(part.part == "unapplied" for part in payment.match.parts)


def _take_item_back(board: Board, line: Line, item: Item) -> list[Match]:
    """Take back as much of an item as the line is, whichever payments paid it."""
    amount = abs(line.amount)
    part = Part("payment", line.amount, item.id, item.kind, -amount, line.currency)
    return [Match("reference", (part,))] if board.items.is_paid(item.id, amount) else []


def _take_payment_back(board: Board, line: Line, payment: Settled, named: Collection[str]) -> Iterator[Match]:
    parts = [
        part
        for part in payment.match.parts
        if part.part in _COME_BACK and part.amount and (not named or part.item in named)
    ]
    for portions in _list_portions(parts, abs(line.amount)):
        back = tuple(_turn(part, amount) for part, amount in portions)
        if _is_left(board, payment, back):
            yield Match(payment.match.method, back)


def _list_portions(parts: Sequence[Part], amount: Decimal) -> list[list[_Portion]]:
    """The part of exactly an amount, else each that is large enough, else several, the newest first."""
    exact = [part for part in parts if abs(part.amount) == amount]
    if large := exact or [part for part in parts if abs(part.amount) > amount]:
        return [[(part, amount)] for part in large]
    if add(abs(part.amount) for part in parts) < amount:
        return []
    return [_share_out(parts[::-1], amount)]


def _share_out(parts: Sequence[Part], amount: Decimal) -> list[_Portion]:
    found = list[_Portion]()
    for part in parts:
        if amount > 0:
            found.append((part, min(abs(part.amount), amount)))
            amount -= found[-1][1]
    return found


def _turn(part: Part, amount: Decimal) -> Part:
    """Take an amount of a part back, at the rate of the payment."""
    back = amount if part.amount < 0 else -amount
    if part.applied is None or part.applied_currency is None:
        return replace(part, amount=back)
    applied = round_amount(part.applied * amount / abs(part.amount), part.applied_currency)
    return replace(part, amount=back, applied=-applied)


def _is_left(board: Board, payment: Settled, back: Sequence[Part]) -> bool:
    """Whether as much of a payment, and of what it paid, did not come back."""
    amounts = [(part.item, -part.applied) for part in back if part.applied is not None]
    is_standing = all(amount > 0 and board.items.is_paid(item, amount) for item, amount in amounts)
    return is_standing and add(amount for _, amount in amounts) <= board.payments.left(payment)
