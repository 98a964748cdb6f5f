"""The most that a replay books before an operator has looked at it as a whole."""

from decimal import Decimal
from typing import NamedTuple

from postledger.audit.replay.table import Table


class Excess(NamedTuple):
    """Money beyond the limit: what a replay would move in one currency, and the limit."""

    amount: Decimal
    currency: str
    limit: Decimal


def find_excess(table: Table, limit: Decimal) -> Excess | None:
    """Find the first currency in which a replay would move more money than the limit, up or down."""
    over = ((currency, amount) for currency, amount in sorted(table.moved.items()) if amount > limit)
    return next((Excess(amount, currency, limit) for currency, amount in over), None)
