"""Rounds a bill once, to the minor unit of its currency, and carries what is left over. Pure.

What is carried keeps its category, account and tax code, so each amount is paid under the heading it was booked under.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import reduce

import msgspec
from iso4217 import Currency

_EXACT = Context(prec=200)  # the default of 28 digits would round a long sum
_ZERO = Decimal(0)
_DIGITS = {currency.code: currency.exponent for currency in Currency}
_USUAL_DIGITS = 2  # of a currency without a minor unit of its own, such as gold


class Heading(msgspec.Struct, frozen=True):
    """What the expense lines of one bill line have in common."""

    category: str
    account: str | None = None
    tax_code: str | None = None


class Items(msgspec.Struct, frozen=True):
    """The expense lines of one heading: how many, and their exact sum."""

    exact: Decimal
    number: int


class LineAmounts(msgspec.Struct, frozen=True):
    """A line of a bill. What `exact` and `carried_in` exceed `amount` by is carried on under the same heading."""

    heading: Heading
    exact: Decimal
    carried_in: Decimal
    amount: Decimal
    items: int

    @property
    def carried_out(self) -> Decimal:
        """What is carried on."""
        return _EXACT.subtract(_EXACT.add(self.exact, self.carried_in), self.amount)


class BillAmounts(msgspec.Struct, frozen=True):
    """The amounts of a bill and of its lines. `exact + carried_in = amount + carried_out`, without any rounding."""

    exact: Decimal
    carried_in: Decimal
    amount: Decimal
    carried_out: Decimal
    lines: tuple[LineAmounts, ...]


Carry = Mapping[Heading, Decimal]


def bill(items: Mapping[Heading, Items], carry: Carry, currency: str, minimum: Decimal | None = None) -> BillAmounts:
    """Return the amounts of a bill over expense lines and what earlier bills carried.

    The amount is the rounded sum. If that is below zero or under the minimum, nothing is billed and all is carried.
    """
    headings = sorted(items.keys() | carry.keys(), key=_order)
    none = Items(_ZERO, 0)
    sums = [(each, items.get(each, none), carry.get(each, _ZERO)) for each in headings]
    sums = [each for each in sums if each[1].number or each[2]]
    unit = find_minor_unit(currency)
    totals = [_EXACT.add(of_heading.exact, carried) for _, of_heading, carried in sums]
    amount = _round(add(totals), unit)
    if amount <= 0 or (minimum is not None and amount < minimum):
        amounts = [_ZERO.quantize(unit)] * len(sums)
    else:
        amounts = share_out(totals, amount, unit)
    return _sum_up(
        [
            LineAmounts(heading, of_heading.exact, carried, part, of_heading.number)
            for (heading, of_heading, carried), part in zip(sums, amounts, strict=True)
        ],
        unit,
    )


def share_out(totals: Sequence[Decimal], amount: Decimal, unit: Decimal) -> list[Decimal]:
    """Round totals to units so that they sum to an amount. Those with the largest remainders are rounded up."""
    floors = [total.quantize(unit, ROUND_FLOOR, _EXACT) for total in totals]
    remainders = [_EXACT.subtract(total, floor) for total, floor in zip(totals, floors, strict=True)]
    missing = int(_EXACT.divide_int(_EXACT.subtract(amount, add(floors)), unit))
    largest = set(sorted(range(len(totals)), key=lambda index: -remainders[index])[:missing])
    return [_EXACT.add(floor, unit) if index in largest else floor for index, floor in enumerate(floors)]


def find_minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 of USD, 1 of JPY, 0.001 of KWD."""
    digits = _DIGITS.get(currency)
    return Decimal(1).scaleb(-(_USUAL_DIGITS if digits is None else digits))


def write_amount(amount: Decimal | str, currency: str) -> str:
    """Write an amount exactly, with at least the digits of its currency, so that amounts stand below each other."""
    exact = _EXACT.normalize(Decimal(amount))
    digits = -min(int(each.as_tuple().exponent) for each in (exact, find_minor_unit(currency)))
    return f"{exact:.{digits}f}"


def add(amounts: Iterable[Decimal]) -> Decimal:
    """Sum amounts up without any rounding."""
    return reduce(_EXACT.add, amounts, _ZERO)


def _round(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP, _EXACT)


def _sum_up(lines: Sequence[LineAmounts], unit: Decimal) -> BillAmounts:
    return BillAmounts(
        add(line.exact for line in lines),
        add(line.carried_in for line in lines),
        add([_ZERO.quantize(unit), *(line.amount for line in lines)]),
        add(line.carried_out for line in lines),
        tuple(lines),
    )


def _order(heading: Heading) -> tuple[str, str, str]:
    return heading.category, heading.account or "", heading.tax_code or ""
