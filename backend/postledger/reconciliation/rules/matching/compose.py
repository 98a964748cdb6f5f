"""Makes the parts of a line as a person wants them: what it pays or takes back, and what the rest of it is. Pure."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from postledger.finance.rules.bill_amounts import add, find_minor_unit
from postledger.reconciliation.rules.matching.parts import Means, Payment, find_means, make_parts
from postledger.reconciliation.rules.matching.subjects import Item, Line, Part, PartName, Terms


class Wish(msgspec.Struct, frozen=True):
    """What is paid of an item, in its currency. None: as far as the line goes."""

    item: Item
    amount: Decimal | None


def compose(line: Line, wishes: Sequence[Wish], rest: PartName | None) -> tuple[Part, ...] | str:
    """Return the parts of a line, or why it cannot be what is wanted."""
    if not wishes:
        return _call(line, rest)
    if len({wish.item.id for wish in wishes}) < len(wishes):
        return "a bill or receivable is given twice; give each once"
    if len({(wish.item.currency, wish.item.kind) for wish in wishes}) > 1:
        return "all that a line pays must have one currency and one direction; match only one of them"
    means = _find_means(line, wishes)
    payments = _share_out(line, wishes, means)
    if isinstance(payments, str):
        return payments
    if rest in (None, "unapplied") and add(amount for _, amount in payments) > means.amount:
        return f"the line has only {means.amount:f} {means.currency}; give less, or say what the rest is: --rest fee"
    parts = make_parts(line, payments, means, rest or ("unapplied" if means.rate is None else "fx"))
    return parts if wishes[0].item.kind == line.pays else tuple(map(_take_back, parts))


def _call(line: Line, rest: PartName | None) -> tuple[Part, ...] | str:
    """Make one part of a line that pays nothing."""
    if rest is None:
        return "say what the line is: --bill, --receivable or --rest"
    if line.amount > 0 and rest != "unapplied":
        return f"what comes in and pays nothing is not written off as {rest}; leave it, or give it --rest unapplied"
    return (Part(rest, line.amount),)


def _find_means(line: Line, wishes: Sequence[Wish]) -> Means:
    currency = wishes[0].item.currency
    found = find_means(line, currency, Terms())
    if isinstance(found, Means):
        return found
    # The bank names no amount in this currency, so the line is worth what the person says that it pays.
    total = add(_find_due(line, wish.item) if wish.amount is None else wish.amount for wish in wishes)
    return Means(currency, total, abs(line.amount) / total if total else Decimal(1))


def _share_out(line: Line, wishes: Sequence[Wish], means: Means) -> list[Payment] | str:
    left, found = means.amount, list[Payment]()
    for wish in wishes:
        due = _find_due(line, wish.item)
        amount = min(due, left) if wish.amount is None else wish.amount
        if amount <= 0:
            return f"nothing of {wish.item.number} is left to match; leave it out"
        if amount > due:
            return f"only {due:f} {wish.item.currency} of {wish.item.number} is left to match"
        if wish.amount is not None and _has_part_of_unit(wish.amount, wish.item.currency):
            return f"the amount for {wish.item.number} has more digits than {wish.item.currency} has; write fewer"
        found.append((wish.item, amount))
        left -= amount
    return found


def _find_due(line: Line, item: Item) -> Decimal:
    """What a line can pay of an item, or take back of it."""
    return item.amount - item.paid if item.kind == line.pays else item.paid


def _has_part_of_unit(amount: Decimal, currency: str) -> bool:
    unit = find_minor_unit(currency)
    return amount < unit or amount % unit != 0


def _take_back(part: Part) -> Part:
    return part if part.applied is None else msgspec.structs.replace(part, applied=-part.applied)
