"""Converts currencies by reference rates. Pure."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

REFERENCE = "EUR"
"""ECB's rates say how many units of a currency one euro has."""

_FIFTEEN_DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN)
_EXACT = Context(prec=200)
_SMALLEST = Decimal("0.000001")


class BaseRate(msgspec.Struct, frozen=True):
    """How many units of the base currency one unit of a currency is worth, and the day of that rate."""

    rate: Decimal
    on_day: date

    def convert(self, amount: Decimal) -> Decimal:
        """Convert an amount into the base currency, rounded to six places. The opposite amount gives the opposite."""
        return _EXACT.multiply(amount, self.rate).quantize(_SMALLEST, ROUND_HALF_EVEN, _EXACT)


class ReferenceRate(msgspec.Struct, frozen=True):
    """How many units of a currency one unit of the reference currency is worth, and the day of that rate."""

    units: Decimal
    on_day: date


def cross(currency: ReferenceRate, base: ReferenceRate) -> BaseRate:
    """Make the rate from a currency to the base currency, with 15 digits. Its day is the older one of the two."""
    rate = base.units if currency.units == 1 else _FIFTEEN_DIGITS.divide(base.units, currency.units)
    return BaseRate(rate, min(currency.on_day, base.on_day))
