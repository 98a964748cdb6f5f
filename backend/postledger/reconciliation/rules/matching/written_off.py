"""What a match writes off: fee, rate and rounding beyond what the account tolerates. Pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from postledger.finance.rules.bill_amounts import add, find_minor_unit
from postledger.reconciliation.rules.matching.parts import FEE_SHARE, Means, find_means, round_amount
from postledger.reconciliation.rules.matching.subjects import Line, Part, PartName, Terms

_NOTHING = Decimal(0)


def measure_write_off(line: Line, parts: Sequence[Part], terms: Terms) -> Decimal:
    """Return how much of a line is written off, never negative. What is unapplied is not: it stays a work item.

    Each kind counts in full if it exceeds its tolerance.
    """
    payments = [part for part in parts if part.part == "payment"]
    worths = [_find_worth(line, part, terms) for part in payments]
    known = [worth for worth in worths if worth is not None]
    if len(known) < len(worths):
        return abs(line.amount)  # without a rate nothing proves what was paid
    worth = add(known)
    is_exchanged = any(part.applied_currency != line.currency for part in payments)
    # A rate that a person chose hides in the payments what it makes of them.
    exchanged = _sum(parts, "fx") + add(part.amount for part in payments) - (worth if line.amount > 0 else -worth)
    fee = _sum(parts, "fee")
    is_added = line.amount > 0 and fee > 0 and all(part.applied is None or part.applied > 0 for part in payments)
    beyond = [
        # No bank adds something to what it is sent. It can come back with a payment.
        (fee, _NOTHING if is_added else _allow_fee(line, worth, terms)),
        (exchanged, _allow_exchange(line, worth, terms) if is_exchanged else _NOTHING),
        (_sum(parts, "rounding"), find_minor_unit(line.currency)),
    ]
    return add(abs(amount) for amount, allowed in beyond if abs(amount) > allowed)


def _find_worth(line: Line, payment: Part, terms: Terms) -> Decimal | None:
    """Return what a payment is worth in the currency of the line, by the bank's rate or that of the day."""
    assert payment.applied is not None, "a payment is applied to something"
    applied, currency = abs(payment.applied), payment.applied_currency
    if currency is None or currency == line.currency:
        return applied
    means = find_means(line, currency, terms)
    rate = means.rate if isinstance(means, Means) else terms.rates.get((currency, line.day))
    return None if rate is None else round_amount(applied * rate, line.currency)


def _allow_fee(line: Line, worth: Decimal, terms: Terms) -> Decimal:
    if not worth:
        return _NOTHING  # it is kept of nothing
    return max(_tolerate_fee(worth, terms), abs(line.fee or _NOTHING), _find_difference(line))


def _find_difference(line: Line) -> Decimal:
    """Return what the bank itself says that is missing of the amount that was sent."""
    if not line.instructed_amount or line.instructed_currency != line.currency:
        return _NOTHING
    return abs(abs(line.instructed_amount) - abs(line.amount))


def _allow_exchange(line: Line, worth: Decimal, terms: Terms) -> Decimal:
    """What the bank keeps of an amount that it names in another currency is not apart from what the rate makes."""
    tolerated = terms.allow_fx(worth) + find_minor_unit(line.currency)
    if not line.instructed_amount:
        return tolerated
    return tolerated + _tolerate_fee(worth, terms) + abs(line.fee or _NOTHING)


def _tolerate_fee(worth: Decimal, terms: Terms) -> Decimal:
    return min(terms.allow_fee(worth), worth * FEE_SHARE)


def _sum(parts: Iterable[Part], name: PartName) -> Decimal:
    return add(part.amount for part in parts if part.part == name)
