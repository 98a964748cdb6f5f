"""Writes amounts and days in the one form that the whole page has. Pure."""

from datetime import UTC, datetime
from decimal import Decimal

from postledger.finance.rules.bill_amounts import find_minor_unit

_GROUP = "\u202f"  # narrow and not broken: 1.234 and 1,234 mean different amounts to different readers
_MINUS = "\u2212"


def write_number(amount: Decimal, currency: str) -> str:
    """Write an amount with all its digits, and at least those of its currency, in groups of three."""
    exact = amount.normalize()
    digits = -min(int(each.as_tuple().exponent) for each in (exact, find_minor_unit(currency)))
    text = f"{abs(exact):,.{digits}f}".replace(",", _GROUP)
    return f"{_MINUS}{text}" if exact < 0 else text


def write_money(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency."""
    return f"{write_number(amount, currency)}\u00a0{currency}"


def write_signed(amount: Decimal, currency: str) -> str:
    """Write a difference, with its sign unless it is zero."""
    return f"+{write_money(amount, currency)}" if amount > 0 else write_money(amount, currency)


def write_time(moment: datetime) -> str:
    """Write a time, in UTC, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def write_count(number: int) -> str:
    """Write a number in groups of three."""
    return f"{number:,}".replace(",", _GROUP)
