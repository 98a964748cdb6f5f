"""What a line pays in a currency, whether that is enough for what is due, and the parts that it consists of."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from postledger.finance.rules.bill_amounts import add, find_minor_unit
from postledger.reconciliation.rules.matching.subjects import Item, Line, Part, PartName, Reason, Terms

FEE_SHARE = Decimal("0.25")
"""A fee is at most this share of what is due, or it would explain too much."""
_SURE_FEE_SHARE = Decimal("0.05")
"""A fee beyond this share can be something else: one bill that we paid in part, or bills that we paid too much for."""
Payment = tuple[Item, Decimal]
"""An item, and what is paid of it in its currency."""


class Means(msgspec.Struct, frozen=True):
    """What a line pays in a currency.

    `rate`: what a unit of it is worth in the currency of the line, None if that is the same. `exact`: the bank names
    the amount. Otherwise it follows from the rate of the day.
    """

    currency: str
    amount: Decimal
    rate: Decimal | None = None
    exact: bool = True


def find_means(line: Line, currency: str, terms: Terms) -> Means | Reason:
    """Return what a line pays in a currency, or why that is not known."""
    if currency == line.currency:
        return Means(currency, abs(line.amount))
    reference = terms.rates.get((currency, line.day))
    if currency == line.instructed_currency and line.instructed_amount:
        return _read_instructed(line, abs(line.instructed_amount), reference, terms)
    if reference is None:
        return Reason.NO_RATE
    return Means(currency, round_amount(abs(line.amount) / reference, currency), reference, exact=False)


def list_amounts(line: Line, means: Means) -> list[Decimal]:
    """Return what a line can have paid exactly: its amount, or that without the fee that the bank names."""
    found: list[Decimal] = [means.amount]
    if means.rate is None and line.instructed_amount and line.instructed_currency == line.currency:
        found.append(abs(line.instructed_amount))
    if means.rate is None and line.fee:
        found.append(means.amount + (-abs(line.fee) if line.amount < 0 else abs(line.fee)))
    return [amount for amount in dict.fromkeys(found) if amount > 0]


def name_rest(line: Line, means: Means, total: Decimal, terms: Terms, *, single: bool) -> PartName | Reason:
    """Return as what the difference between a line and all that is due counts, or why it is too large."""
    difference = means.amount - total
    if not means.exact:
        return "fx" if abs(difference) <= terms.allow_fx(total) else Reason.FX_BEYOND_TOLERANCE
    if total in list_amounts(line, means):
        return "fee" if means.rate is None else "fx"
    if abs(difference) <= find_minor_unit(means.currency):
        return "rounding" if means.rate is None else "fx"
    if means.rate is None and _is_fee(line, difference, total, terms, single=single):
        return "fee"
    return Reason.FEE_BEYOND_TOLERANCE


def is_doubtful_fee(line: Line, means: Means, total: Decimal) -> bool:
    """Return whether we paid so much more than what is due that it can be too much instead of a fee."""
    if line.amount > 0 or total in list_amounts(line, means):
        return False
    return means.amount - total > total * _SURE_FEE_SHARE


def make_parts(line: Line, payments: Iterable[Payment], means: Means, rest: PartName) -> tuple[Part, ...]:
    """Return the parts of a line: payments, and under other names what is left of it. They add up to the line."""
    paid = [_make_payment(line, item, applied, means) for item, applied in payments]
    left = line.amount - add(part.amount for part in paid)
    parts = [*paid, *_name_fee(line, means, left)]
    left = line.amount - add(part.amount for part in parts)
    return tuple([*parts, Part(rest, left)] if left else parts)


def share_out(due: Iterable[Payment], amount: Decimal) -> list[Payment]:
    """Pay what is due with an amount as far as it goes, in the order that is given."""
    found: list[Payment] = []
    for item, left in due:
        if amount <= 0:
            break
        found.append((item, min(left, amount)))
        amount -= found[-1][1]
    return found


def _read_instructed(line: Line, amount: Decimal, reference: Decimal | None, terms: Terms) -> Means | Reason:
    """Choose a rate that makes the line of the amount: the bank's in either direction, or that of the day."""
    booked = abs(line.amount)
    of_bank: list[Decimal] = [line.rate, 1 / line.rate] if line.rate else []
    nearest = sorted(of_bank, key=lambda rate: abs(amount * rate - booked))[:1]
    exact = abs(line.fee or Decimal(0)) + find_minor_unit(line.currency)
    allowed = terms.allow_fx(booked) + terms.allow_fee(booked) + exact
    known: list[Decimal] = [*nearest, *([] if reference is None else [reference])]
    for rate in known:
        if abs(amount * rate - booked) <= allowed:
            return Means(line.instructed_currency or "", amount, rate)
    if known:
        return Reason.FX_BEYOND_TOLERANCE
    return Means(line.instructed_currency or "", amount, booked / amount)


def _is_fee(line: Line, difference: Decimal, total: Decimal, terms: Terms, *, single: bool) -> bool:
    if difference > 0 and line.amount > 0:
        return False  # no bank adds something to what it is sent
    in_part = single and difference < 0 and line.amount < 0
    share = _SURE_FEE_SHARE if in_part else FEE_SHARE
    return abs(difference) <= min(terms.allow_fee(total), total * share)


def _make_payment(line: Line, item: Item, applied: Decimal, means: Means) -> Part:
    amount = applied if means.rate is None else round_amount(applied * means.rate, line.currency)
    return Part("payment", amount if line.amount > 0 else -amount, item.id, item.kind, applied, item.currency)


def _name_fee(line: Line, means: Means, left: Decimal) -> list[Part]:
    """A fee that the bank names is apart from what the rate makes, if the line can hold it."""
    if means.rate is None or not line.fee or abs(left + abs(line.fee)) >= abs(left):
        return []
    return [Part("fee", -abs(line.fee))]


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Round an amount to the smallest unit of its currency."""
    return amount.quantize(find_minor_unit(currency))
